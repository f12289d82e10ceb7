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
  /** Addresses of processes in guests drawn at random; `auto`: not under emulation, where it makes each command slow. */
  aslr: z.enum(['auto', 'on', 'off']).default('auto'),
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
  /** Restored VMs that stand still and wait for somebody to want one. */
  pool: z
    .strictObject({
      size: z.number().int().min(0).max(100).default(0),
      /** What they are to be; absent: as VMs that do not say. */
      image: z.string().min(1).optional(),
      vcpus: z.number().int().min(1).max(64).optional(),
      memory: size.optional(),
      disk: size.optional(),
      /** Of the host's memory, all of them together. */
      max_memory: size.default(1024 ** 3),
      /** They are made when nothing was started for so long. */
      idle_seconds: z.number().min(0).max(3600).default(1),
    })
    .prefault({}),
  /** Which starts the host has room for. */
  admission: z
    .strictObject({
      /** All VMs together may be given so many times the host's memory: a guest touches a part of what it has. */
      memory_overcommit: z.number().min(0.01).max(1000).default(8),
      min_free_memory: z.union([z.literal(0), size]).default(256 * 1024 ** 2),
      min_free_disk: z.union([z.literal(0), size]).default(512 * 1024 ** 2),
      /** VMs that run at once; 0: any number. */
      max_vms: z.number().int().min(0).max(100_000).default(0),
    })
    .prefault({}),
  /** What a VM's processes on the host may take together, beside what its guest has. */
  limits: z
    .strictObject({
      /** `auto`: a scope of systemd, else a cgroup below the daemon's own where that is delegated to it, else none. */
      by: z.enum(['auto', 'systemd', 'cgroup', 'none']).default('auto'),
      /** A VM that cannot be held to all of them is not started. */
      required: z.boolean().default(false),
      memory_overhead: z.union([z.literal(0), size]).default(256 * 1024 ** 2),
      cpu_overhead: z.number().min(0).max(1024).default(1),
      pids_overhead: z.number().int().min(32).max(100_000).default(256),
    })
    .prefault({}),
  stop_seconds: z.number().min(0).max(3600).default(10),
});

export type VmConfig = z.output<typeof vmConfig>;
