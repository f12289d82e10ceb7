import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { allProcesses } from '@nook/wire';

const LOOK_MS = 20;

/** Nothing tells of the end of somebody else's child. @throws when it is still there after `timeoutMs` */
export async function untilGone(pid: number, what: string, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (isThere(pid)) {
    if (performance.now() > deadline) throw new Error(`${what} is still there after ${timeoutMs / 1000} s: pid ${pid}`);
    await setTimeout(LOOK_MS);
  }
}

/** A zombie is dead, and only not reaped by its parent yet. */
function isThere(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Pids of those that have this folder as an argument of their own. */
export function processesOf(dir: string): number[] {
  const own = allProcesses().filter(({ argv }) => argv.includes(dir));
  return own.map(({ pid }) => pid);
}
