import { readFileSync } from 'node:fs';

/** Fields of /proc/PID/stat from the third on (the second may hold anything); undefined when there is no such process. */
export function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
