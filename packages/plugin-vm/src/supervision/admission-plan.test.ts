import { expect, it } from 'vitest';
import { refusal } from './admission-plan.ts';

const GIB = 1024 ** 3;
const limits = { memory_overcommit: 4, min_free_memory: GIB / 4, min_free_disk: GIB, max_vms: 0 };
const room = { memory_total: 8 * GIB, memory_available: 4 * GIB, disk_available: 50 * GIB };
const committed = { vms: 3, memory_bytes: 3 * GIB };

it.each([
  ['what fits', {}, 1, undefined],
  ['what just fits', { committed: { vms: 3, memory_bytes: 31 * GIB } }, 1, undefined],
  [
    'more than all may have',
    { committed: { vms: 3, memory_bytes: 31.5 * GIB } },
    1,
    'VMs that run have 32 GiB of memory, it would have 1.0 GiB, and all together may have 32 GiB (8.0 GiB × 4)',
  ],
  [
    'more than is available',
    { room: { ...room, memory_available: 0.4 * GIB } },
    1,
    'the host has 410 MiB of memory available, of which it is expected to take 256 MiB, and 256 MiB stay free',
  ],
  ['what is expected to take what is available', { room: { ...room, memory_available: 0.5 * GIB } }, 1, undefined],
  [
    'a disk that is full',
    { room: { ...room, disk_available: GIB / 2 } },
    1,
    'the disk of the VMs has 512 MiB left, and 1.0 GiB stay free',
  ],
  ['one too many', { limits: { ...limits, max_vms: 3 } }, 1, '3 VMs run, and max_vms is 3'],
  ['the last one', { limits: { ...limits, max_vms: 4 } }, 1, undefined],
] as const)('%s', (_what, change, gib, why) => {
  expect(refusal(gib * GIB, { limits, room, committed, ...change })).toBe(why);
});
