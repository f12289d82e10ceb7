import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ForeignDaemon } from './foreign-daemon.ts';
import { installed } from './installed.ts';

const run = promisify(execFile);
/** The first definition has libvirtd try every QEMU that is installed. */
const DEFINE_MS = 60_000;
const ANSWER_MS = 10_000;

/** libvirtd's QEMU driver for one user (qemu:///session), with all its files in a folder of its own. */
export class Libvirt implements AsyncDisposable {
  readonly pid: number;
  /** With its version. */
  readonly label: string;
  /** What virsh is told to reach it. */
  readonly connect: readonly string[];
  readonly #stack: AsyncDisposableStack;
  readonly #dir: string;
  readonly #shell: ChildProcessWithoutNullStreams;
  #output = '';
  #said = () => {};

  private constructor(at: { dir: string; label: string; connect: readonly string[]; pid: number }) {
    this.pid = at.pid;
    this.label = at.label;
    this.connect = at.connect;
    this.#dir = at.dir;
    // virsh keeps what it prints to a pipe until it ends; by lines it comes at once.
    this.#shell = spawn('stdbuf', ['-oL', 'virsh', ...at.connect, '--quiet'], {
      // Where it keeps its history.
      env: { ...process.env, XDG_CACHE_HOME: at.dir },
    });
    this.#shell.stderr.pipe(process.stderr, { end: false });
    this.#shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#said();
    });
    this.#stack = new AsyncDisposableStack();
  }

  /** @returns undefined when libvirtd or virsh is not installed */
  static async start(): Promise<Libvirt | undefined> {
    const program = await installed('libvirtd');
    if (program === undefined || (await installed('virsh')) === undefined) return undefined;
    await using starting = new AsyncDisposableStack();
    const dir = await mkdtemp(join(tmpdir(), 'nook-bench-'));
    starting.defer(() => rm(dir, { recursive: true, force: true }));
    const env: NodeJS.ProcessEnv = { HOME: dir };
    for (const kind of ['RUNTIME_DIR', 'CONFIG_HOME', 'CACHE_HOME', 'DATA_HOME']) {
      env[`XDG_${kind}`] = join(dir, kind.toLowerCase());
      await mkdir(env[`XDG_${kind}`] as string, { mode: 0o700 });
    }
    const socket = join(dir, 'runtime_dir/libvirt/libvirt-sock');
    const [first = program, ...rest] = [...asOrdinaryUser(), program, '--timeout', '0'];
    const daemon = starting.use(await ForeignDaemon.start({ program: first, args: rest, env, socket }));
    const version = (await run(program, ['--version'])).stdout.trim().split(' ').at(-1);
    const connect = ['--connect', `qemu+unix:///session?socket=${socket}`];
    const libvirt = new Libvirt({ dir, label: `libvirt ${version}`, connect, pid: daemon.pid });
    libvirt.#stack.use(starting.move());
    return libvirt;
  }

  /** Domains that were never started. */
  async defineDomains(count: number): Promise<void> {
    const commands: string[] = [];
    for (let i = 0; i < count; i++) {
      const file = join(this.#dir, `${i}.xml`);
      await writeFile(file, domain(`vm-${i}`));
      commands.push(`define ${file}`);
    }
    await run('virsh', [...this.connect, commands.join('; ')], { timeout: DEFINE_MS });
  }

  /** A command in a virsh that stays open: no process to start, no connection to make. */
  async inShell(command: string): Promise<string> {
    this.#output = '';
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#said = () => {
      if (/^end/m.test(this.#output)) resolve();
    };
    const timer = setTimeout(() => reject(new Error(`virsh did not answer '${command}'`)), ANSWER_MS);
    this.#shell.stdin.write(`${command}; echo end\n`);
    await promise.finally(() => clearTimeout(timer));
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#shell, 'exit');
    this.#shell.stdin.end();
    await exited;
    await this.#stack.disposeAsync();
  }
}

/** For root libvirtd would be the system's and use the system's folders; in a user namespace it is not root. */
function asOrdinaryUser(): string[] {
  return process.getuid?.() === 0 ? ['unshare', '--user', '--map-user=1000', '--map-group=1000'] : [];
}

function domain(name: string): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>1024</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
</domain>
`;
}
