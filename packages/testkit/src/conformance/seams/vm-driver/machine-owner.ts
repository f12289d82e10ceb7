import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { MachineSpec } from '@nook/daemonapi';

const PROGRAM = `
const [, engine, spec] = process.argv;
const say = () => {};
const log = { trace: say, debug: say, info: say, warn: say, error: say };
const { createMachine } = await import(engine);
const { pid } = await createMachine(JSON.parse(spec), { log, console: say, stderr: (text) => process.stderr.write(text) });
process.stdout.write(String(pid));
setInterval(say, 1_000_000);
`;

/** A process that has started a machine and does nothing more: what a vmhost is to a driver, without a daemon that watches. */
export class MachineOwner implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;

  /** @param spec of a VM that does not run @throws what the engine said */
  static async start(engine: string, spec: MachineSpec): Promise<MachineOwner> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, engine, JSON.stringify(spec)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    const ended = once(child, 'close').then(() => {
      throw new Error(`an engine started no machine: ${words}`);
    });
    ended.catch(() => {});
    const [pid] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
    return new MachineOwner(child, Number(pid.toString()));
  }

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.pid = pid;
  }

  /** SIGKILL to the owner alone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch {
      // It is gone, as it should be.
    }
  }
}
