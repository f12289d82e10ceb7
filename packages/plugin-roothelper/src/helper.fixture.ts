import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type CallOptions, RpcClient } from '@nook/wire';
import { HelperClient } from './helper-client.ts';

const program = fileURLToPath(import.meta.resolve('./nook-roothelper/main.ts'));
/** Whom the helper of a test serves, and somebody whom it does not. */
export const OWNER = 4711;
export const STRANGER = 4712;

/** Why no helper can be tested; undefined where one can. */
export const noHelper: string | undefined = (() => {
  if (process.getuid?.() !== 0) return 'only root can run the helper';
  try {
    const probe = 'nft list tables; ip tuntap add dev nkprobe mode tap';
    execFileSync('unshare', ['--net', '--mount', 'sh', '-ec', probe], { stdio: 'pipe', timeout: 10_000 });
    return undefined;
  } catch (error) {
    return `no network namespace with taps and rules can be made: ${(error as Error).message}`;
  }
})();

/** What its unit leaves it of root's. */
const CAPABILITIES = ['setpriv', '--no-new-privs', '--bounding-set', '-all,+net_admin,+net_bind_service,+chown'];

/** Where the hierarchy of cgroup v2 is; undefined where there is none. */
export const cgroups = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1];

type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A helper in network and mount namespaces of its own, so that nothing on the machine changes. */
export class TestHelper implements AsyncDisposable {
  readonly dir: string;
  readonly log: LogLine[] = [];
  readonly client: HelperClient;
  readonly #namespace: ChildProcess;
  #child: ChildProcess | undefined;

  private constructor(dir: string, namespace: ChildProcess) {
    this.dir = dir;
    this.#namespace = namespace;
    this.client = new HelperClient(this.socket);
  }

  static async make(): Promise<TestHelper> {
    const dir = await mkdtemp(join(tmpdir(), 'nook-helper-'));
    await chmod(dir, 0o755);
    const script = 'ip link set lo up; echo ready; exec sleep infinity';
    const namespace = spawn('unshare', ['--net', '--mount', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(namespace.stdout as NodeJS.ReadableStream, 'data');
    const helper = new TestHelper(dir, namespace);
    await mkdir(helper.state, { mode: 0o700 });
    await helper.install({});
    return helper;
  }

  static async started(): Promise<TestHelper> {
    const helper = await TestHelper.make();
    await helper.start();
    return helper;
  }

  get state(): string {
    return join(this.dir, 'state');
  }

  get socket(): string {
    return join(this.dir, 'run', 'helper.sock');
  }

  /** Of a process that is where the helper is. */
  get namespacePid(): number {
    return this.#namespace.pid as number;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  install(more: object): Promise<void> {
    const record = JSON.stringify({ version: 1, owner_uid: OWNER, ...more });
    return writeFile(join(this.state, 'install.json'), record, { mode: 0o600 });
  }

  /** Where its cgroups are; {@link makeSlice} makes it. */
  get cgroup(): string {
    return join(cgroups ?? '/nonexistent', basename(this.dir));
  }

  /** As systemd does for the slice of its unit. */
  async makeSlice(): Promise<void> {
    await mkdir(join(this.cgroup, 'nook.slice'), { recursive: true });
  }

  /** @returns whether it is up; false when it ended instead */
  async start(): Promise<boolean> {
    const places = ['--state', this.state, '--run', join(this.dir, 'run'), '--cgroup', this.cgroup];
    const child = spawn('nsenter', [...this.#enter, ...CAPABILITIES, process.execPath, program, ...places], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
    const { promise, resolve } = Promise.withResolvers<boolean>();
    lines.on('line', (line) => {
      const entry = JSON.parse(line) as LogLine;
      this.log.push(entry);
      if (entry.msg === 'helper is up') resolve(true);
    });
    lines.on('close', () => resolve(false));
    return promise;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  /** Settles when the helper has ended by itself. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  async call(method: string, params: object = {}, options: CallOptions = {}): Promise<unknown> {
    const client = await RpcClient.connect(this.socket);
    try {
      return await client.call(method, params, options);
    } finally {
      client.close();
    }
  }

  /** Sends bytes as another user. @returns what is answered */
  async sendAs(uid: number, text: string): Promise<string> {
    const line = `printf '%s\\n' '${text}' | setpriv --reuid ${uid} --regid ${uid} --clear-groups socat -t 5 - UNIX-CONNECT:"$0" 2>&1 || true`;
    const { stdout } = await promisify(execFile)('sh', ['-c', line, this.socket]);
    return stdout;
  }

  /** Runs a line of sh where the helper is. @returns what it printed */
  async run(line: string): Promise<string> {
    const { stdout } = await promisify(execFile)('nsenter', [...this.#enter, 'sh', '-ec', line], { timeout: 20_000 });
    return stdout;
  }

  /** Without what the kernel finds out for some time after they were made: whether anything is at their other end. */
  links(): Promise<string> {
    return this.run("ip -o link show | sed -E 's/NO-CARRIER,|,LOWER_UP| state [A-Z]+//g'");
  }

  get #enter(): string[] {
    return [`--target=${this.#namespace.pid}`, '--net', '--mount'];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#namespace.kill('SIGKILL');
    await once(this.#namespace, 'exit');
    await rm(this.dir, { recursive: true, force: true });
    for (const each of [join(this.cgroup, 'nook.slice'), this.cgroup]) await rmdir(each).catch(() => {});
  }
}
