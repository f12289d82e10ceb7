import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmState } from '../contract.ts';
import type { Caller } from '../machines/dependencies.ts';
import type { Machine } from '../machines/machine.ts';
import type { Machines } from '../machines/machines.ts';
import type { Pruned, PruneRequest } from './change-contract.ts';
import { parseFilters } from './filter.ts';

/** States of VMs that nothing is lost of but their disks. */
const UNUSED: readonly VmState[] = ['created', 'stopped', 'failed'];

/** Removes VMs that do not run, or only says which; one that cannot be removed keeps no other. */
export async function prune(
  machines: Machines,
  { filter, dry_run = false, suspended = false }: PruneRequest,
  caller: Caller,
): Promise<Pruned> {
  const holds = parseFilters(filter);
  const states = suspended ? [...UNUSED, 'suspended'] : UNUSED;
  const unused = (machine: Machine) => states.includes(machine.record.state) && holds(machine.record);
  const removed: Pruned['removed'][number][] = [];
  const failed: Pruned['failed'][number][] = [];
  for (const machine of machines.all().filter(unused)) {
    caller.signal.throwIfAborted();
    const { name, state } = machine.record;
    const bytes = await bytesOf(machine.dir);
    try {
      if (!dry_run && !(await machine.removeIf(() => unused(machine)))) continue;
      removed.push({ name, state, bytes });
    } catch (error) {
      failed.push({ name, why: (error as Error).message });
    }
  }
  return { removed, failed, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** What a folder takes of the disk: files that are sparse, less than they are long. */
async function bytesOf(dir: string): Promise<number> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const sizes = entries.map(async (entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return bytesOf(path);
    const about = await lstat(path).catch(() => undefined);
    return (about?.blocks ?? 0) * 512;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
