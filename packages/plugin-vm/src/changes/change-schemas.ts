import { z } from 'zod';
import { filter, life, size, vmName, vmState, vmView } from '../schemas.ts';

export const renameParams = z.strictObject({ name: vmName, to: vmName });
export const renameResult = z.object({
  vm: vmView,
  host_name: z.enum(['now', 'next_start']),
  why: z.string().optional(),
});

export const setParams = z.strictObject({
  name: vmName,
  dry_run: z.boolean().optional(),
  labels: z.record(z.string(), z.string().nullable()).optional(),
  vcpus: z.number().optional(),
  memory: size.optional(),
  disk: size.optional(),
  ...life,
});
export const setResult = z.object({
  vm: vmView,
  changed: z.array(z.string()),
  restart_needed: z.array(z.string()),
  under_way: z.array(z.string()),
});

export const pruneParams = z.strictObject({
  filter,
  dry_run: z.boolean().optional(),
  suspended: z.boolean().optional(),
});
export const pruneResult = z.object({
  removed: z.array(z.object({ name: z.string(), state: vmState, bytes: z.number() })),
  failed: z.array(z.object({ name: z.string(), why: z.string() })),
  bytes: z.number(),
});
