import { NookError } from '@nook/daemonapi';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import { requireCapability } from '../machines/drivers.ts';
import type { Machine } from '../machines/machine.ts';
import type { MachineRecord } from '../machines/records.ts';
import { MAX_DISK, parseAmount } from '../machines/shape.ts';
import { formatSize } from '../size.ts';
import { FILL_MS } from '../vmhost/host-spec.ts';
import type { DiskGrowth } from '../vmhost/vm-host.ts';
import { ofOlderVmhost } from './life-changes.ts';
import type { Effect } from './settable.ts';

/** Longer than the vmhost gives its machine and the guest. */
const GROW_MS = FILL_MS + 20_000;
const MIB = 1024 ** 2;

/** @throws NookError `bad_params` when it would not grow, `unavailable` when the driver cannot */
export function plannedDisk(disk: string | number, record: MachineRecord, { drivers }: Dependencies): number {
  const { name, shape } = record;
  const bytes = Math.ceil(parseAmount('disk', disk) / MIB) * MIB;
  if (bytes < shape.disk_bytes || bytes > MAX_DISK) {
    throw new NookError('bad_params', `The disk of '${name}' cannot become ${formatSize(bytes)}.`, {
      hint: `It has ${formatSize(shape.disk_bytes)}, and can only grow, to ${formatSize(MAX_DISK)} at most.`,
    });
  }
  if (bytes > shape.disk_bytes)
    requireCapability(drivers.of({ name, driver: shape.driver }), 'disk_resize', 'grow the disk of a VM');
  return bytes;
}

const EFFECT: Readonly<Record<DiskGrowth['file_system'], Effect>> = {
  grown: 'now',
  growing: 'under_way',
  as_before: 'next_start',
};

/**
 * Grows the disk of a machine that is up, and its file system.
 * @throws NookError `not_running` when it is paused
 */
export async function growDisk(machine: Machine, caller: Caller): Promise<Effect> {
  try {
    const { file_system } = await machine.guest.ask<DiskGrowth>(caller, 'grow_disk', {
      params: { bytes: machine.record.shape.disk_bytes },
      timeoutMs: GROW_MS,
    });
    return EFFECT[file_system];
  } catch (error) {
    return ofOlderVmhost(error);
  }
}
