import { setTimeout as delay } from 'node:timers/promises';
import { statOf } from './process-stat.ts';

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
  const state = statOf(pid)?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}
