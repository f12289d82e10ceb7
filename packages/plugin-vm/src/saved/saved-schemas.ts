import { z } from 'zod';
import { vmView } from '../schemas.ts';

const name = z.string().min(1).max(63);

export const forkParams = z.strictObject({ name, copy: name.optional() });
export const forkResult = z.object({ vm: vmView, pause_ms: z.number().optional(), unpublished: z.number() });
export const snapshotParams = z.strictObject({ name, snapshot: name });
export const snapshotCreateParams = z.strictObject({ name, snapshot: name, disk_only: z.boolean().optional() });
export const snapshotRestoreParams = z.strictObject({
  ...{ name, snapshot: name },
  force: z.boolean().optional(),
  disk_only: z.boolean().optional(),
});
export const snapshotResult = z.object({ snapshot: name });
export const snapshotView = z.object({
  id: z.string(),
  name,
  vm: name,
  created_at: z.number(),
  parent: z.string().optional(),
  current: z.boolean(),
  memory: z.boolean(),
  layer: z.string(),
  disk_bytes: z.number(),
  memory_bytes: z.number(),
  pause_ms: z.number().optional(),
});
export const layerList = z.array(
  z.object({
    id: z.string(),
    parent: z.string().optional(),
    created_at: z.number(),
    bytes: z.number(),
    dependants: z.array(z.string()),
    file: z.string(),
  }),
);
