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
  /** Saved machines that new VMs begin as. */
  templates: z
    .strictObject({
      /** Made unasked for every shape that had to be booted, once nothing was asked of VMs for `idle_seconds` and the host is idle. */
      auto: z.boolean().default(true),
      idle_seconds: z.number().min(0).max(3600).default(5),
      /** At most so many, and so much of the disk; those used longest ago go. */
      max_count: z.number().int().min(0).max(1000).default(8),
      max_bytes: size.default(4 * 1024 ** 3),
    })
    .prefault({}),
  /** Consoles of so many boots are kept. */
  keep_boots: z.number().int().min(1).max(1000).default(10),
  stop_seconds: z.number().min(0).max(3600).default(10),
});

export type VmConfig = z.output<typeof vmConfig>;
