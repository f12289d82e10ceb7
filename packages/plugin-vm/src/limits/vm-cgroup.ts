import { mkdirSync, rmdirSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPopulated, readCgroupFile, writeFigures } from './cgroup-files.ts';
import type { ScopeFigures } from './scope-figures.ts';

/** What a process that was killed needs to be gone. */
const GONE_MS = 5_000;

/**
 * Makes a cgroup with these limits and puts a process into it; one of that name that an earlier start left is removed.
 * Nothing is left behind when it fails.
 */
export async function enterCgroup(dir: string, pid: number, figures: ScopeFigures): Promise<void> {
  await removeCgroup(dir);
  mkdirSync(dir);
  try {
    writeFigures(dir, figures);
    writeFileSync(join(dir, 'cgroup.procs'), String(pid));
  } catch (error) {
    rmdirSync(dir);
    throw error;
  }
}

/**
 * Removes the cgroup of a VM that has ended, once its last process is gone; what does not end by itself is killed. One
 * that is not there is as good.
 * @throws when it cannot be removed
 */
export async function removeCgroup(dir: string, patienceMs = GONE_MS): Promise<void> {
  if (tryRemove(dir)) return;
  await unpopulated(dir, patienceMs);
  if (tryRemove(dir)) return;
  writeFileSync(join(dir, 'cgroup.kill'), '1');
  await unpopulated(dir, GONE_MS);
  rmdirSync(dir);
}

/** @returns whether it is gone */
function tryRemove(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw error;
  }
}

/** Resolves when no process is in it any more, or when none has left for too long. */
function unpopulated(dir: string, patienceMs: number): Promise<void> {
  if (readCgroupFile(dir, 'cgroup.events') === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      watcher.close();
      resolve();
    };
    const timer = setTimeout(settle, patienceMs);
    // The kernel tells of a change of this file.
    const watcher = watch(join(dir, 'cgroup.events'), () => {
      if (!isPopulated(dir)) settle();
    });
    watcher.on('error', settle);
    if (!isPopulated(dir)) settle();
  });
}
