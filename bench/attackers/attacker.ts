import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface AttackReport {
  readonly unit: string;
  readonly count: number;
  readonly ends?: boolean;
}

/** A process that attacks, and can be told to hold still. */
export class Attacker implements AsyncDisposable {
  readonly #child: ChildProcess;

  /** @param before what its command begins with @returns once it is in full swing */
  static async start(name: string, socket: string, before: readonly string[]): Promise<Attacker> {
    const [program = process.execPath, ...args] = [...before, process.execPath];
    const child = spawn(program, [...args, join(import.meta.dirname, 'main.ts'), name, socket], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [said] = (await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), once(child, 'exit')])) as [
      unknown,
    ];
    if (!Buffer.isBuffer(said)) throw new Error(`The attacker '${name}' ended at once.`);
    return new Attacker(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it. @returns how much it did while it was not held, e.g. `lines` */
  async end(): Promise<AttackReport> {
    this.resume();
    this.#child.stdin?.end();
    return JSON.parse(await text(this.#child.stdout as NodeJS.ReadableStream)) as AttackReport;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
