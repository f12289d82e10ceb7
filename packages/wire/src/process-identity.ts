import { readFileSync } from 'node:fs';

/** Tells one process from any other, also from one that got its pid later or after a reboot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since the boot. */
  readonly start_ticks: string;
  readonly boot_id: string;
  /** Stands in the process's argv. */
  readonly token: string;
}

const STAT_STATE = 0;
const STAT_START_TICKS = 19;

/** Fields of /proc/PID/stat from the third on; the second may hold anything. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

export function identify(pid: number, token: string): ProcessIdentity {
  return { pid, token, start_ticks: statFields(pid)?.[STAT_START_TICKS] ?? '', boot_id: bootId() };
}

/** Whether exactly this process is there and not a zombie. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.boot_id !== bootId()) return false;
  const fields = statFields(identity.pid);
  if (!fields || fields[STAT_STATE] === 'Z' || fields[STAT_START_TICKS] !== identity.start_ticks) return false;
  return commandLine(identity.pid).some((argument) => argument.includes(identity.token));
}

/** SIGKILL to exactly this process; false when it is not there. */
export function killExactly(identity: ProcessIdentity): boolean {
  if (!isAlive(identity)) return false;
  process.kill(identity.pid, 'SIGKILL');
  return true;
}

/** Empty where there is no such process. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
