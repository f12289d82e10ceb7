import { z } from 'zod';
import { parseSize } from './size.ts';

const size = z.union([z.string(), z.number()]).transform((value, context) => {
  const bytes = parseSize(value);
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: `'${value}' is not a size; write for instance 512MiB or 2G` });
  return z.NEVER;
});

/** `[vm]` in config.toml. */
export const vmConfig = z.strictObject({
  /** What runs the machines of new VMs: the name of a contributed driver. */
  driver: z.string().min(1).default('qemu'),
  vcpus: z.number().int().min(1).max(64).default(1),
  memory: size.default(1024 ** 3),
  /** Absent: as large as the image was made. */
  disk: size.optional(),
  /** For the driver `qemu`, as `machine` and `qemu`. `auto` asks a small probe guest once. */
  accelerator: z.enum(['auto', 'kvm', 'tcg']).default('auto'),
  machine: z.enum(['microvm', 'q35']).default('q35'),
  kernel: z.string().optional(),
  qemu: z.string().default('qemu-system-x86_64'),
  /** Deadlines in seconds. */
  boot_seconds: z.number().min(1).max(3600).default(60),
  stop_seconds: z.number().min(0).max(3600).default(10),
});

export type VmConfig = z.output<typeof vmConfig>;
