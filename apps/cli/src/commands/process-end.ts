import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Nothing tells of the end of a process that is not a child. */
const LOOK_MS = 5;

/** Resolves when the process is gone; false when it is still there after `ms`. */
export async function hasEnded(pid: number, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (isThere(pid)) {
    if (performance.now() > deadline) return false;
    await delay(LOOK_MS);
  }
  return true;
}

/** A zombie has ended: whoever started it has not asked yet how. */
function isThere(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^ [ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1));
  } catch {
    return false;
  }
}
