import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DesiredStateInput, Observed, Pin, Reconciled, Recorded } from './index.ts';

const isRoot = process.getuid?.() === 0;
const unshare = ['unshare', ...(isRoot ? [] : ['--user', '--map-root-user']), '--net', '--mount'];
const program = fileURLToPath(import.meta.resolve('./in-namespace.fixture.ts'));

/** Why there are no network namespaces to test in; undefined when there are. */
export const noNamespaces: string | undefined = (() => {
  try {
    const [command = '', ...args] = unshare;
    execFileSync(command, [...args, 'sh', '-ec', 'nft list tables; ip tuntap add dev nkprobe mode tap'], {
      stdio: 'pipe',
      timeout: 10_000,
    });
    return undefined;
  } catch (error) {
    return `no network namespace with taps and rules can be made: ${(error as Error).message}`;
  }
})();

/** A network namespace of the test's own, with a process in it that calls this package. */
export class TestNamespace implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #inner: ChildProcess[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  }

  static async make(): Promise<TestNamespace> {
    const [command = '', ...args] = unshare;
    const child = spawn(command, [...args, process.execPath, program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const made = new TestNamespace(child);
    await once(made.#lines, 'line');
    await made.run('ip link set lo up');
    return made;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  reconcile(state: DesiredStateInput): Promise<Reconciled> {
    return this.#call('reconcile', state) as Promise<Reconciled>;
  }

  async advance(from: DesiredStateInput, to: DesiredStateInput): Promise<void> {
    await this.#call('advance', [from, to]);
  }

  observe(): Promise<Observed> {
    return this.#call('observe') as Promise<Observed>;
  }

  recorded(): Promise<Recorded[]> {
    return this.#call('recorded') as Promise<Recorded[]>;
  }

  async pin(pins: readonly Pin[]): Promise<void> {
    await this.#call('pin', pins);
  }

  async watch(): Promise<void> {
    await this.#call('watch');
  }

  /** Since it is watched. */
  told(): Promise<Recorded[]> {
    return this.#call('told') as Promise<Recorded[]>;
  }

  untold(): Promise<number> {
    return this.#call('untold') as Promise<number>;
  }

  async remove(): Promise<void> {
    await this.#call('remove');
  }

  async #call(name: string, argument: unknown = null): Promise<unknown> {
    const answered = once(this.#lines, 'line');
    this.#child.stdin?.write(`${JSON.stringify([name, argument])}\n`);
    const { result, error } = JSON.parse((await answered)[0]);
    if (error) throw Object.assign(new Error(error.message), { code: error.code });
    return result;
  }

  /** Runs a line of sh in this namespace. @returns what it printed */
  async run(line: string, pid = this.pid): Promise<string> {
    const { stdout } = await promisify(execFile)('nsenter', [...enter(pid), 'sh', '-ec', line], { timeout: 20_000 });
    return stdout;
  }

  /** Starts a line of sh that stays until the end of the test. */
  start(line: string, pid = this.pid): ChildProcess {
    const child = spawn('nsenter', [...enter(pid), 'sh', '-c', `exec ${line}`], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#inner.push(child);
    return child;
  }

  /** Another namespace beside this one. @returns the pid of a process in it */
  async neighbour(): Promise<number> {
    const child = this.start("unshare --net sh -c 'ip link set lo up; echo ready; exec sleep infinity'");
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    return child.pid as number;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [...this.#inner.reverse(), this.#child]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}

function enter(pid: number): string[] {
  return [`--target=${pid}`, '--net', '--mount', ...(isRoot ? [] : ['--user', '--preserve-credentials'])];
}
