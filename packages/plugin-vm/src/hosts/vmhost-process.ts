import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { NookError } from '@nook/daemonapi';
import { identify, type ProcessIdentity, programFile, writeFileAtomic } from '@nook/wire';
import type { VmLimits } from '../contract.ts';
import { passGate } from '../gate.ts';
import { type HostEnd, type HostSpec, VM_FILES } from '../vmhost/host-spec.ts';

const READY_MS = 15_000;

interface StartedVmhost {
  readonly identity: ProcessIdentity;
  readonly limits: VmLimits;
}

/** Keeps a vmhost small: it holds buffers outside of the heap and computes little. */
const NODE_OPTIONS = ['--max-semi-space-size=1', '--max-old-space-size=96', '--expose-gc', '--no-warnings'];

/**
 * Starts the vmhost of a VM in a session of its own, so that it outlives this process, and waits until its control
 * socket listens.
 * @param enter puts it where it is held to its limits; it starts its machine afterwards
 * @throws NookError `operation_failed` with what it last said, and what `enter` throws
 */
export async function startVmhost(
  dir: string,
  spec: HostSpec,
  enter: (pid: number) => Promise<VmLimits>,
): Promise<StartedVmhost> {
  await writeFileAtomic(join(dir, VM_FILES.spec), JSON.stringify(spec));
  await rm(join(dir, VM_FILES.ended), { force: true });
  const output = openSync(join(dir, 'vmhost.out'), 'w', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(
      process.execPath,
      [...NODE_OPTIONS, programFile('vmhost', import.meta.url), dir, `--token=${spec.token}`],
      {
        cwd: dir,
        detached: true,
        stdio: ['ignore', output, output, 'pipe'],
        env: environment(),
      },
    );
  } finally {
    closeSync(output);
  }
  child.unref();
  const pipe = child.stdio[3] as Duplex;
  try {
    const [failed, limits] = await Promise.all([untilReady(child, pipe), letGo(child, pipe, enter)]);
    if (failed === undefined && limits) return { identity: identify(child.pid as number, spec.token), limits };
    throw await didNotStart(dir, failed);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    pipe.destroy();
  }
}

/** Its machine is started once it is where it belongs. @returns what holds; undefined when there is no process */
async function letGo(
  child: ChildProcess,
  pipe: Duplex,
  enter: (pid: number) => Promise<VmLimits>,
): Promise<VmLimits | undefined> {
  if (child.pid === undefined) return undefined;
  await passGate('vmhost.scope');
  const limits = await enter(child.pid);
  // Not waited for where nobody is there any more: that is told by the other end of the pipe.
  await new Promise((resolve) => pipe.write('go\n', resolve));
  return limits;
}

async function didNotStart(dir: string, failed: string | undefined): Promise<NookError> {
  const words = await readFile(join(dir, 'vmhost.out'), 'utf8').catch(() => '');
  return new NookError('operation_failed', `The vmhost did not start: ${failed}.`, {
    details: { output: words.slice(-2_000) },
  });
}

/** What a VM's processes get of the daemon's environment: nothing that could be a secret. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, NOOK_GUEST_INIT, NOOK_VM_GATE } = process.env;
  // Large buffers go back to the system when they are freed, not to an arena that keeps them.
  return {
    PATH,
    HOME,
    LANG,
    MALLOC_ARENA_MAX: '1',
    MALLOC_MMAP_THRESHOLD_: '32768',
    ...(NOOK_GUEST_INIT === undefined ? {} : { NOOK_GUEST_INIT }),
    ...(NOOK_VM_GATE === undefined ? {} : { NOOK_VM_GATE }),
  };
}

/** Why it is not ready; undefined when it is. */
function untilReady(child: ChildProcess, pipe: Duplex): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(`it was not ready within ${READY_MS / 1000} s`), READY_MS);
    const settle = (reason?: string) => {
      clearTimeout(timer);
      resolve(reason);
    };
    child.once('error', (error) => settle(error.message));
    pipe.once('data', () => settle());
    pipe.once('end', () => settle('it ended at once'));
    pipe.on('error', (error) => settle(error.message));
  });
}

/** How the latest boot of a VM ended, when it was this one. */
export async function readEndOfBoot(dir: string, boot: number): Promise<HostEnd | undefined> {
  const end = await readLatestEnd(dir);
  return end?.boot === boot ? end : undefined;
}

/** How the machine that this token stood for ended, as its vmhost wrote it down. */
export async function readEnd(dir: string, token: string): Promise<HostEnd | undefined> {
  const end = await readLatestEnd(dir);
  return end?.token === token ? end : undefined;
}

async function readLatestEnd(dir: string): Promise<HostEnd | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, VM_FILES.ended), 'utf8')) as HostEnd;
  } catch {
    return undefined;
  }
}
