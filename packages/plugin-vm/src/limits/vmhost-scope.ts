import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Logger } from '@nook/daemonapi';
import { type HostSpec, VM_FILES } from '../vmhost/host-spec.ts';
import { outOfMemory } from './cgroup-files.ts';
import { cgroupOf } from './own-cgroup.ts';
import { removeCgroup } from './vm-cgroup.ts';
import { scopeName } from './vm-limits.ts';

/** In a vmhost: why the kernel ended its machine, where that was for want of memory. */
export function ownOutOfMemory(id: string): string | undefined {
  const dir = cgroupOf('self')?.dir;
  return dir !== undefined && basename(dir) === scopeName(id) ? outOfMemory(dir) : undefined;
}

/** Removes the cgroup that a vmhost which is gone, or going, was put into. */
export async function removeScope(vmDir: string, log: Logger): Promise<void> {
  const cgroup = await scopeOf(vmDir);
  if (cgroup === undefined) return;
  await removeCgroup(cgroup).catch((error: Error) => {
    log.error({ cgroup, error: error.message }, 'the cgroup of a VM cannot be removed');
  });
}

/** Why the kernel ended a vmhost itself, as far as its cgroup still tells. */
export async function scopeOutOfMemory(vmDir: string): Promise<string | undefined> {
  const cgroup = await scopeOf(vmDir);
  return cgroup === undefined ? undefined : outOfMemory(cgroup);
}

async function scopeOf(vmDir: string): Promise<string | undefined> {
  const text = await readFile(join(vmDir, VM_FILES.spec), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as HostSpec).cgroup;
}
