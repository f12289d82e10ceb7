import { readdirSync } from 'node:fs';
import { commandLine } from './process-identity.ts';

export interface RunningProcess {
  readonly pid: number;
  /** Empty for threads of the kernel, zombies, and what has ended meanwhile. */
  readonly argv: readonly string[];
}

/** All processes that /proc shows. */
export function allProcesses(): RunningProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).map((pid) => ({ pid, argv: commandLine(pid) }));
}

/** SIGKILL to a process that may have gone by itself. */
export function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has, or is nobody's that may be signalled.
  }
}
