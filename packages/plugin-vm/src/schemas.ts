import { z } from 'zod';

const name = z.string().min(1).max(63);
const size = z.union([z.string().max(32), z.number()]);
/** A command line that a guest's kernel would take. */
const words = z.array(z.string().max(131_072)).max(4_096);
const text = z.string().max(4_096);

export const named = z.strictObject({ name });

const shape = {
  image: z.string().min(1).max(512).optional(),
  vcpus: z.number().optional(),
  memory: size.optional(),
  disk: size.optional(),
};

const request = {
  name: name.optional(),
  ...shape,
  network: z.string().max(63).optional(),
  publish: z.array(z.string().max(128)).max(256).optional(),
  auto_remove: z.boolean().optional(),
};

const exec = {
  argv: words.optional(),
  env: words.optional(),
  cwd: text.optional(),
  user: z.string().max(256).optional(),
  pty: z
    .strictObject({ rows: z.number().int().min(0).max(65_535), columns: z.number().int().min(0).max(65_535) })
    .optional(),
  stdin: z.boolean().optional(),
  on_disconnect: z.enum(['keep', 'kill']).optional(),
};

const timeout = z.number().min(0).max(3_600).optional();

export const createParams = z.strictObject({ ...request, start: z.boolean().optional() });
export const runParams = z.strictObject({
  ...request,
  exec: z.strictObject(exec).optional(),
  detach: z.boolean().optional(),
});
export const stopParams = z.strictObject({ name, timeout_seconds: timeout });
export const deleteParams = z.strictObject({ name, force: z.boolean().optional() });
export const noParams = z.strictObject({});
export const execParams = z.strictObject({ name, ...exec, detach: z.boolean().optional() });
export const attachParams = z.strictObject({ name, session: z.string().max(32) });
export const logsParams = z.strictObject({
  name,
  source: z.enum(['console', 'vmhost', 'qemu']).optional(),
  boot: z.number().int().min(1).optional(),
  follow: z.boolean().optional(),
});

const port = z.object({
  protocol: z.string(),
  host_address: z.string(),
  host_port: z.number(),
  guest_port: z.number(),
});

export const vmView = z.object({
  name,
  id: z.string(),
  state: z.enum(['created', 'starting', 'running', 'paused', 'stopping', 'stopped', 'suspended', 'failed']),
  cause: z.string().optional(),
  image: z.string(),
  image_digest: z.string(),
  vcpus: z.number(),
  memory_bytes: z.number(),
  disk_bytes: z.number(),
  network: z.object({ mode: z.string(), publish: z.array(port) }),
  auto_remove: z.boolean(),
  created_at: z.number(),
  started_at: z.number().optional(),
  ended_at: z.number().optional(),
  came_up: z.enum(['cold', 'template', 'pool', 'resume']).optional(),
  fallback: z.string().optional(),
  driver: z.string(),
  driver_version: z.string().optional(),
  accelerator: z.string().optional(),
  machine: z.string().optional(),
  vmhost_pid: z.number().optional(),
  qemu_pid: z.number().optional(),
  dir: z.string(),
  boot: z.array(
    z.object({ name: z.string(), at_ms: z.number(), duration_ms: z.number(), usual_ms: z.number().optional() }),
  ),
});

export const warmParams = z.strictObject(shape);
export const warmResult = z.object({ key: z.string(), bytes: z.number(), made: z.boolean() });
const templateKey = z.string().regex(/^[0-9a-f]{1,32}$/, 'must be a key of vm.template.list, or the beginning of one');
export const templateParams = z.strictObject({ key: templateKey });
export const templateResult = z.object({ key: z.string() });
export const templateList = z.array(
  z.object({
    key: z.string(),
    image: z.string(),
    image_digest: z.string(),
    vcpus: z.number(),
    memory_bytes: z.number(),
    disk_bytes: z.number(),
    driver: z.string(),
    driver_version: z.string(),
    accelerator: z.string(),
    machine: z.string(),
    bytes: z.number(),
    created_at: z.number(),
    used_at: z.number(),
  }),
);

export const poolView = z.object({
  size: z.number(),
  max_memory_bytes: z.number(),
  filling: z.boolean(),
  members: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['ready', 'silent']),
      template: z.string(),
      bytes: z.number(),
      created_at: z.number(),
      dir: z.string(),
      vmhost_pid: z.number(),
      qemu_pid: z.number().optional(),
    }),
  ),
});

export const sessionHandle = z.object({ vm: z.string(), session: z.string(), socket: z.string(), token: z.string() });
export const runResult = z.object({ vm: vmView, session: sessionHandle.optional() });
export const deleteResult = z.object({ name });
export const logsResult = z.object({ source: z.enum(['console', 'vmhost', 'qemu']), boot: z.number() });
export const sessionList = z.array(
  z.object({
    session: z.string(),
    argv: z.array(z.string()),
    state: z.enum(['running', 'exited']),
    exit_code: z.number().optional(),
    attached: z.boolean(),
    started_at: z.number(),
  }),
);
