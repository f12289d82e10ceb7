import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@nook/daemonapi';
import { allProcesses, killIfThere, type RunningProcess } from '@nook/wire';
import { removeScope } from '../limits/vmhost-scope.ts';
import { type HostEnd, VM_FILES } from '../vmhost/host-spec.ts';

const GONE_MS = 5_000;
/** Nothing tells of the end of a process that is not a child; one that was killed is gone within a few of these. */
const LOOK_MS = 5;

/**
 * After a vmhost is gone: one that wrote down its end has left nothing but its cgroup.
 * @param end as it wrote it down
 */
export async function clearAway(dir: string, end: HostEnd | undefined, daemon: Daemon): Promise<void> {
  if (end) await removeScope(dir, daemon.log);
  else await endLeftovers(dir, daemon);
}

export interface Daemon {
  readonly log: Logger;
  readonly drivers: { programs(): readonly string[] };
}

/** Ends what is left of a VM whose vmhost died: its processes, until the kernel has taken them away, its cgroup, and its sockets. */
export async function endLeftovers(dir: string, { log, drivers }: Daemon): Promise<void> {
  const programs = drivers.programs();
  const deadline = Date.now() + GONE_MS;
  for (let pids = processesOf(dir, programs); pids.length > 0; pids = processesOf(dir, programs)) {
    for (const pid of pids) killIfThere(pid);
    if (Date.now() > deadline) {
      log.error({ dir, pids }, 'processes of a VM do not end');
      return;
    }
    await delay(LOOK_MS);
  }
  await removeScope(dir, log);
  for (const name of [VM_FILES.socket, VM_FILES.pid]) await rm(join(dir, name), { force: true });
  await removeSockets(join(dir, VM_FILES.machine));
}

/** Those of a machine that had no time to. */
async function removeSockets(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isSocket()) await rm(join(dir, entry.name), { force: true });
}

/** Pids of the processes that carry a VM's folder in their command line: its vmhost and its machine. */
function processesOf(dir: string, programs: readonly string[]): number[] {
  return ofFolder(dir, machineProcesses(programs));
}

/** All vmhosts, and all that runs one of the programs that machines are. */
export function machineProcesses(programs: readonly string[]): RunningProcess[] {
  return allProcesses().filter(({ pid, argv }) => pid !== process.pid && isOfMachine(argv, programs));
}

/** Pids of those that carry this folder in their command line. */
export function ofFolder(dir: string, processes: readonly RunningProcess[]): number[] {
  return processes.filter(({ argv }) => argv.includes(dir)).map(({ pid }) => pid);
}

function isOfMachine(argv: readonly string[], programs: readonly string[]): boolean {
  return (
    argv.some((word) => /vmhost\.mjs$|vmhost\/main\.[tj]s$/.test(word)) || programs.includes(basename(argv[0] ?? ''))
  );
}
