import type { MachineFacts } from '../features/machine-features.ts';
import type { MachineRecord } from './records.ts';

/** What features are told of a machine. */
export function machineFacts({ id, name, shape, run }: MachineRecord): MachineFacts {
  const { image, image_digest, vcpus, memory_bytes, disk_bytes } = shape;
  return { id, name, boot: run.boot, image, image_digest, vcpus, memory_bytes, disk_bytes };
}
