import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, type NookClient } from '../../packages/client/src/index.ts';
import { isNookError } from '../../packages/daemonapi/src/index.ts';
import { killIfThere } from '../../packages/wire/src/index.ts';
import { strayCgroups } from './cgroups.ts';
import { eventually } from './eventually.ts';
import { networkSurplus, runs } from './network-surplus.ts';
import { giveTemplate } from './shared-template.ts';
import { processesUnder, surplus } from './surplus.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The program under test: the launcher, as a user calls it. */
export const NOOK = join(ROOT, 'nook');

/** Nothing is done unasked. */
const QUIET = '[vm.templates]\nauto = false\n';

/** No command of a test takes longer; a test itself has 180 s. */
const COMMAND_MS = 120_000;

/** Of a vmhost, where something does not end. */
const LOG_LINES = 15;

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Spawn {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio?: ('pipe' | 'ignore' | 'inherit' | number)[];
  readonly detached?: boolean;
}

/**
 * A NOOK_HOME of its own. Images and kernels come from one store that all homes of a test run share.
 * When it is disposed of, everything in it is removed by nook's own commands, and whatever is left after that fails
 * the test: no process, no socket, no folder may be.
 */
export class Home implements AsyncDisposable {
  /** Those that were not disposed of yet. */
  static readonly open = new Set<Home>();
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #program: readonly string[];
  readonly #commandMs: number;
  readonly #children = new Set<ChildProcess>();

  private constructor(
    dir: string,
    options: {
      readonly store: string;
      readonly env: NodeJS.ProcessEnv;
      readonly program: readonly string[];
      readonly commandMs: number;
    },
  ) {
    const { store, program } = options;
    this.#commandMs = options.commandMs;
    this.dir = dir;
    this.#program = program;
    const { NOOK_HOME: _home, NOOK_STORE: _store, ...env } = process.env;
    this.env = { ...env, NOOK_HOME: dir, NOOK_STORE: store, ...options.env };
  }

  /** @param options.program what is run instead of the launcher */
  static async create(
    options: {
      readonly in?: string;
      /** Of config.toml. */
      readonly config?: string;
      readonly store?: string;
      readonly env?: NodeJS.ProcessEnv;
      readonly program?: readonly string[];
      /** The longest that a command may take. */
      readonly commandMs?: number;
      /** It has the template of what `busyboxVm` makes. */
      readonly warm?: boolean;
    } = {},
  ): Promise<Home> {
    const store = options.store ?? (process.env.NOOK_TEST_STORE || join(ROOT, '.nook/test-store'));
    await mkdir(store, { recursive: true, mode: 0o700 });
    const dir = await mkdtemp(join(options.in ?? tmpdir(), 'nook-test-'));
    await mkdir(join(dir, 'config'), { mode: 0o700 });
    await writeFile(join(dir, 'config/config.toml'), options.config ?? QUIET, { mode: 0o600 });
    const { env = {}, program = [NOOK], commandMs = COMMAND_MS } = options;
    const home = new Home(dir, { store, env, program, commandMs });
    Home.open.add(home);
    if (options.warm === true) await giveTemplate(home, `${store}-templates`);
    return home;
  }

  spawn(
    args: readonly string[],
    { env, stdio = ['pipe', 'pipe', 'pipe'], detached = false }: Spawn = {},
  ): ChildProcess {
    const [file = NOOK, ...before] = this.#program;
    const child = spawn(file, [...before, ...args], { env: { ...this.env, ...env }, stdio, detached });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /**
   * Runs a command to its end, with `input` on stdin.
   * @throws when it takes longer than any does: which it is, and what the daemon is at. A test's own end would not say.
   */
  async nook(
    args: readonly string[],
    { input = '', env = {} }: { input?: string | Buffer; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Outcome> {
    const child = this.spawn(args, { env });
    child.stdin?.on('error', () => {}).end(input);
    const late = Promise.withResolvers<never>();
    const deadline = setTimeout(async () => {
      const at = await this.#underWay();
      child.kill('SIGKILL');
      late.reject(new Error(`nook ${args.join(' ')} has not ended in ${this.#commandMs / 1000} s\n${at}`));
    }, this.#commandMs);
    return await Promise.race([outcome(child), late.promise]).finally(() => clearTimeout(deadline));
  }

  /** As `nook`, of a command that must succeed. */
  async ok(...args: readonly string[]): Promise<string> {
    const { code, signal, stdout, stderr } = await this.nook(args);
    if (code === 0) return stdout;
    throw new Error(`nook ${args.join(' ')} ended with ${signal ?? code}\n${stdout}${stderr}`);
  }

  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '--json')) as T;
  }

  /**
   * What the running machines have too much or too little of: empty when all counts agree. Asked without commands, since
   * every test does it, and often.
   */
  async surplus(): Promise<string[]> {
    const client = await this.#client();
    try {
      const { members } = await eventually(
        'the pool rests',
        () => client.call('vm.pool.show', {}),
        ({ filling }) => !filling,
      );
      const waiting = members.map(({ id }) => ({ id, name: `pool-${id}`, state: 'paused' }));
      const vms = await client.list('vm.list', {});
      await strayCgroups();
      const networks = await eventually(
        'networks without running VMs are idle',
        () => client.call('net.list', {}),
        (seen) =>
          seen.every(({ state, vms: members }) => (state === 'active') === members.some(({ id }) => runs(vms, id))),
      );
      return [
        ...surplus(this.dir, [...vms, ...waiting], await client.call('vm.layer.list', {})),
        ...networkSurplus(this.dir, networks, vms),
      ];
    } finally {
      client.close();
    }
  }

  /** What the daemon and its VMs are at, for who has to find out why something does not end. */
  async #underWay(): Promise<string> {
    const client = createClient({ env: this.env });
    try {
      const operations = await client.list('op.list', { state: 'running' });
      const vms = await client.list('vm.list', {});
      const seen = vms.map(async ({ name, state, dir }) => ({
        ...{ name, state },
        sessions: await client.call('vm.exec.list', { name }).catch(String),
        log: (await readFile(join(dir, 'vmhost.log'), 'utf8').catch(String)).split('\n').slice(-LOG_LINES),
      }));
      return JSON.stringify({ operations, vms: await Promise.all(seen) }, null, 2);
    } catch (error) {
      return `the daemon says: ${(error as Error).message}`;
    } finally {
      client.close();
    }
  }

  /** Of a daemon that is started when none runs. */
  async #client(): Promise<NookClient> {
    const client = createClient({ env: this.env });
    try {
      await client.call('ping', {});
    } catch (error) {
      if (!isNookError(error) || error.code !== 'unavailable') throw error;
      await this.ok('daemon', 'start');
    }
    return client;
  }

  /** Kills all that runs in it, and removes it, however it stands. */
  async abandon(): Promise<void> {
    Home.open.delete(this);
    const left = () => processesUnder(this.dir, `NOOK_HOME=${this.dir}`);
    for (const { pid } of left()) killIfThere(pid);
    await eventually('all have ended', left, (processes) => processes.length === 0);
    await rm(this.dir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    const client = await this.#client();
    const vms = await client.list('vm.list', {});
    if (vms.length > 0) await this.ok('vm', 'rm', '--force', ...vms.map(({ name }) => name));
    for (const { name } of await client.call('net.list', {})) await client.call('net.delete', { name });
    client.close();
    const left = await this.surplus();
    await this.ok('daemon', 'stop');
    left.push(...surplus(this.dir, [], []), ...networkSurplus(this.dir, [], []));
    await strayCgroups();
    if (left.length > 0) throw new Error(`left behind in ${this.dir}:\n${left.join('\n')}`);
    await rm(this.dir, { recursive: true });
    Home.open.delete(this);
  }
}

export function outcome(child: ChildProcess): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Resolves with what `stdout` held when it first matched. */
export function untilOutput(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (pattern.test(text)) resolve(text);
    });
    child.once('close', () => reject(new Error(`it ended before ${pattern} was seen:\n${text}`)));
  });
}
