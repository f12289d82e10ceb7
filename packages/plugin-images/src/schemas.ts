import { z } from 'zod';

const bytes = z.number().int().nonnegative();
const words = z.array(z.string()).readonly();
const state = z.enum(['ready', 'available']);

export const imageInfo = z.object({
  name: z.string(),
  digest: z.string(),
  path: z.string(),
  size_bytes: bytes,
  source: z.string(),
  created_at: z.number(),
  config: z.object({
    env: words,
    cmd: words,
    entrypoint: words,
    workdir: z.string().nullable(),
    user: z.string().nullable(),
    stopSignal: z.string().nullish(),
    ports: words.optional(),
  }),
  registered_path: z.string().optional(),
});

export const imageRows = z.array(
  z.object({
    name: z.string(),
    state,
    default: z.boolean(),
    summary: z.string(),
    sources: words,
    digest: z.string().nullable(),
    size_bytes: bytes.nullable(),
    disk_bytes: bytes.nullable(),
    created_at: z.number().nullable(),
  }),
);

export const kernelInfo = z.object({
  name: z.string(),
  digest: z.string(),
  release: z.string(),
  version: z.string(),
  source: z.string(),
  vmlinux: z.string(),
  modules: z.string(),
  initrd: z.string().nullable(),
});

export const kernelRows = z.array(
  z.object({
    name: z.string(),
    state,
    default: z.boolean(),
    summary: z.string(),
    digest: z.string().nullable(),
    release: z.string().nullable(),
    version: z.string().nullable(),
    created_at: z.number().nullable(),
  }),
);

export const removal = z.object({ name: z.string(), digest: z.string(), deleted: z.boolean() });

const reference = z.string().min(1).max(4096);
export const byReference = z.strictObject({ reference });
export const byOptionalReference = z.strictObject({ reference: reference.optional() });
export const imagePull = z.strictObject({
  reference,
  name: z.string().min(1).max(128).optional(),
  force: z.boolean().optional(),
});
export const imageImport = z.strictObject({
  path: z.string().min(1).max(4096),
  name: z.string().min(1).max(128).optional(),
  ref: z
    .string()
    .min(1)
    .max(512)
    .refine((ref) => !ref.includes(':/'), 'must be a tag, or a name with its tag')
    .optional(),
});
const kernelName = z.string().min(1).max(128).optional();
const path = z.string().min(1).max(4096);
export const kernelPull = z.strictObject({
  reference: reference.optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits')
    .optional(),
  name: kernelName,
  force: z.boolean().optional(),
});
export const kernelImport = z.strictObject({
  path,
  modules: path.optional(),
  initrd: path.optional(),
  name: kernelName,
});
export const listOptions = z.strictObject({ available: z.boolean().optional() });
export const imageRegister = z.strictObject({
  path: z.string().min(1).max(4096),
  name: z.string().min(1).max(128).optional(),
});
const exportFormat = z.enum(['oci-layout', 'docker-archive', 'tar', 'qcow2']);
export const imageExport = z.strictObject({
  reference,
  format: exportFormat,
  path: z.string().min(1).max(4000),
});
export const imageExported = z.object({ path: z.string(), format: exportFormat, bytes });
