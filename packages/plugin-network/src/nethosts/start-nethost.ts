import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { NookError } from '@nook/daemonapi';
import { programFile, writeFileAtomic } from '@nook/wire';
import { type HeldNamespace, NAMESPACE_MTU, NETHOST_FILES, type NethostSpec } from '../nethost/nethost-spec.ts';
import { enterNamespace, heldNamespace } from './held-namespace.ts';
import { newNamespace, programPath } from './host-requirements.ts';

const READY_MS = 20_000;
const NODE_OPTIONS = ['--max-semi-space-size=1', '--max-old-space-size=96', '--no-warnings'];
/** The name of the uplink's end in the namespace. */
const UPLINK = 'tap0';
/**
 * In the namespace, before the nethost: the uplink says by itself where it leads by IPv6, which a router hears only when told
 * to, before there is one. Then the uplink may come, while the nethost starts.
 */
const INSIDE = 'echo 2 > /proc/sys/net/ipv6/conf/default/accept_ra; echo entered >&3; exec "$0" "$@"';

/**
 * Starts the nethost of a network in a session of its own and, unless the network is isolated, its uplink. Both are in a
 * new namespace, or in that which VMs of an earlier nethost still hold.
 * @param settle is given the pids of both before either has started anything
 * @throws NookError `operation_failed` with what they last said; nothing is left of them then
 */
export async function startNethost(
  dir: string,
  spec: NethostSpec,
  settle: (pids: readonly number[]) => Promise<void>,
): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const held = heldNamespace(dir);
  await writeFileAtomic(join(dir, NETHOST_FILES.spec), JSON.stringify({ ...spec, held: held !== undefined }));
  if (!held) await rm(join(dir, NETHOST_FILES.members), { force: true });
  const enter = spec.helper === undefined ? enterOwn(held) : [];
  const output = openSync(join(dir, NETHOST_FILES.output), 'w', 0o600);
  const [program = '', ...args] = [
    ...[...enter, process.execPath, ...NODE_OPTIONS],
    ...[programFile('nethost', import.meta.url), dir, `--token=${spec.token}`],
  ];
  try {
    const nethost = spawn(program, args, {
      ...{ cwd: dir, detached: true, env: environment() },
      stdio: ['ignore', output, output, 'pipe', 'pipe'],
    });
    nethost.unref();
    const [daemon, life] = [nethost.stdio[3] as Duplex, nethost.stdio[4] as Duplex];
    for (const pipe of [daemon, life]) pipe.on('error', () => {});
    try {
      const words = new Words(nethost, daemon, 'the nethost');
      const pid = nethost.pid as number;
      if (spec.helper === undefined) await words.hear('entered');
      const alone = spec.helper !== undefined || spec.isolated;
      const uplink = alone ? undefined : await startUplink({ dir, output, life, pid });
      await Promise.all([words.hear('ready'), uplink?.ready(), settle(uplink ? [pid, uplink.pid] : [pid])]);
    } catch (error) {
      nethost.kill('SIGKILL');
      throw await didNotStart(dir, error as Error);
    } finally {
      daemon.destroy();
      life.destroy();
    }
  } finally {
    closeSync(output);
  }
}

/** The command that the nethost follows in a namespace of its own: a new one, or that of one before it. */
function enterOwn(held: HeldNamespace | undefined): string[] {
  const enter = held ? [programPath('nsenter'), ...enterNamespace(held)] : [programPath('unshare'), ...newNamespace()];
  return [...enter, 'sh', '-c', INSIDE];
}

interface UplinkParts {
  readonly dir: string;
  readonly output: number;
  /** The uplink ends when the other end of it is closed. */
  readonly life: Duplex;
  /** A process in the namespace. */
  readonly pid: number;
}

/** The host's own loopback is closed to guests, and what the uplink can do is what it has to. */
async function startUplink({ dir, output, life, pid }: UplinkParts) {
  await rm(join(dir, NETHOST_FILES.uplink), { force: true });
  const args = [
    ...[
      '--configure',
      `--mtu=${NAMESPACE_MTU}`,
      '--enable-ipv6',
      '--disable-host-loopback',
      '--enable-sandbox',
      '--enable-seccomp',
    ],
    ...[`--api-socket=${NETHOST_FILES.uplink}`, '--exit-fd=3', '--ready-fd=4', String(pid), UPLINK],
  ];
  const uplink = spawn(programPath('slirp4netns'), args, {
    ...{ cwd: dir, detached: true, env: environment() },
    stdio: ['ignore', output, output, life, 'pipe'],
  });
  uplink.unref();
  const pipe = uplink.stdio[4] as Duplex;
  const words = new Words(uplink, pipe, 'slirp4netns');
  return { pid: uplink.pid as number, ready: () => words.hear('1').finally(() => pipe.destroy()) };
}

/** What a program that is being started says. */
class Words {
  readonly #pipe: Duplex;
  readonly #who: string;
  readonly #gone = new AbortController();
  readonly #late = AbortSignal.timeout(READY_MS);
  #text = '';

  constructor(child: ChildProcess, pipe: Duplex, who: string) {
    this.#pipe = pipe;
    this.#who = who;
    const gone = () => this.#gone.abort();
    pipe.once('end', gone).once('close', gone);
    pipe.on('data', (chunk: Buffer) => {
      this.#text += chunk;
    });
    child.once('error', gone);
  }

  /** @throws when it ends, or does not say it in time */
  async hear(word: string): Promise<void> {
    const signal = AbortSignal.any([this.#gone.signal, this.#late]);
    try {
      while (!this.#text.includes(word)) await once(this.#pipe, 'data', { signal });
    } catch {
      const ended = this.#gone.signal.aborted;
      throw new Error(`${this.#who} ${ended ? 'ended at once' : `was not ready within ${READY_MS / 1000} s`}`);
    }
  }
}

async function didNotStart(dir: string, error: Error): Promise<NookError> {
  const words = await readFile(join(dir, NETHOST_FILES.output), 'utf8').catch(() => '');
  return new NookError('operation_failed', `The network did not come up: ${error.message}.`, {
    hint: 'See whether the host has what it takes: nook doctor',
    details: { output: words.slice(-2_000) },
  });
}

/** Nothing of the daemon's environment that could be a secret. */
function environment(): NodeJS.ProcessEnv {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin', HOME, LANG } = process.env;
  return { PATH, HOME, LANG, MALLOC_ARENA_MAX: '1' };
}
