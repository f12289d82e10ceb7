import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { hasEnded } from './process-end.ts';
import { statOf } from './process-stat.ts';

/** A daemon that can ends what is in flight, and lets go of everything. */
const IN_ORDER_MS = 15_000;
const KILLED_MS = 5_000;

/** Exactly one process: another one that gets its pid later begins at another time. */
interface Holder {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly startTicks: string;
}

/**
 * Ends the daemon of this run directory, whether it answers or not: by SIGTERM, and by SIGKILL when that does not do.
 * @returns how it ended; undefined when there is none
 * @throws NookError `timeout` when it outlives SIGKILL
 */
export async function stopByForce(run: string): Promise<'in order' | 'killed' | undefined> {
  const holder = holderOf(join(run, 'nookd.lock'));
  if (!holder) return undefined;
  if (!signal(holder, 'SIGTERM') || (await hasEnded(holder.pid, IN_ORDER_MS))) return 'in order';
  if (!signal(holder, 'SIGKILL') || (await hasEnded(holder.pid, KILLED_MS))) return 'killed';
  throw new NookError('timeout', `The daemon, process ${holder.pid}, does not end although it was killed.`, {
    hint: `See what the kernel has it wait for: cat /proc/${holder.pid}/wchan`,
  });
}

/** The process that holds the lock; its pid stands in the file, and may be one of long ago. */
function holderOf(path: string): Holder | undefined {
  try {
    const lock = realpathSync(path);
    const pid = Number(readFileSync(lock, 'utf8').trim());
    const startTicks = startOf(pid);
    return startTicks !== undefined && holds(pid, lock) ? { pid, startTicks } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A process that is ending has no descriptors, and shows them to root only.
    if (code === 'ENOENT' || code === 'EACCES') return undefined;
    throw error;
  }
}

/** A daemon that waits for the lock has the file open too. */
function holds(pid: number, lock: string): boolean {
  const opened = readdirSync(`/proc/${pid}/fd`);
  return opened.some((fd) => {
    try {
      if (readlinkSync(`/proc/${pid}/fd/${fd}`) !== lock) return false;
      return /^lock:.*FLOCK.*WRITE/m.test(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'));
    } catch {
      return false;
    }
  });
}

/** @returns whether the process was there */
function signal({ pid, startTicks }: Holder, name: NodeJS.Signals): boolean {
  if (startOf(pid) !== startTicks) return false;
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

const startOf = (pid: number) => statOf(pid)?.[19];
