import { z } from 'zod';

const name = z.string().min(1).max(63);

export { name as vmName };

export const size = z.union([z.string().max(32), z.number()]);
/** A command line that a guest's kernel would take. */
const words = z.array(z.string().max(131_072)).max(4_096);
const text = z.string().max(4_096);

export const noParams = z.strictObject({});
export const named = z.strictObject({ name });

const init = z.enum(['nook', 'image']);

const hostPath = z.string().min(1).max(4_096);
const mount = { source: hostPath, target: hostPath };

const shape = {
  image: z.string().min(1).max(512).optional(),
  vcpus: z.number().optional(),
  memory: size.optional(),
  disk: size.optional(),
};

/** What they may be is told by a sentence, not by a schema. */
const labels = z.record(z.string(), z.string());
export const filter = z.array(z.string().max(512)).max(64).optional();
const duration = z.union([z.string().max(32), z.number()]);

export const life = {
  restart: z.string().max(32).optional(),
  autostart: z.boolean().optional(),
  idle_timeout: duration.optional(),
  max_duration: duration.optional(),
};

const request = {
  name: name.optional(),
  ...shape,
  kernel: z.string().min(1).max(4_096).optional(),
  network: z.string().max(63).optional(),
  ip: z.string().max(45).optional(),
  publish: z.array(z.string().max(128)).max(256).optional(),
  publish_all: z.boolean().optional(),
  egress: z.enum(['open', 'deny', 'allow', 'audit']).optional(),
  allow: z.array(z.string().max(320)).max(512).optional(),
  auto_remove: z.boolean().optional(),
  features: z.record(z.string().min(1).max(63), z.unknown()).optional(),
  init: init.optional(),
  mounts: z.array(z.strictObject({ ...mount, read_only: z.boolean().optional() })).optional(),
  labels: labels.optional(),
  ...life,
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
  attendant: z.boolean().optional(),
};

export const vmState = z.enum([
  'created',
  'starting',
  'running',
  'paused',
  'stopping',
  'stopped',
  'suspended',
  'failed',
]);
const timeout = z.number().min(0).max(3_600).optional();

export const createParams = z.strictObject({
  ...request,
  start: z.boolean().optional(),
  expect_session: z.boolean().optional(),
});
export const runParams = z.strictObject({
  ...request,
  exec: z.strictObject(exec).optional(),
  detach: z.boolean().optional(),
});
export const startParams = z.strictObject({ name, discard_ram: z.boolean().optional() });
export const stopParams = z.strictObject({ name, timeout_seconds: timeout });
export const killParams = z.strictObject({ name, signal: z.string().max(16).optional() });
export const deleteParams = z.strictObject({ name, force: z.boolean().optional() });
export const listParams = z.strictObject({
  limit: z.number().int().min(1).max(10_000).optional(),
  after: z.object({ created_at: z.number(), id: z.string().max(64) }).optional(),
  filter,
});
export const featureParams = z.strictObject({ name, feature: z.string().min(1).max(63), part: z.unknown() });
export const execParams = z.strictObject({ name, ...exec, detach: z.boolean().optional() });
export const attachParams = z.strictObject({ name, session: z.string().max(32) });
export const copyParams = z.strictObject({
  name,
  direction: z.enum(['into', 'out']),
  path: z.string().max(4_095),
  rename: z.string().min(1).max(255).optional(),
  user: z.string().max(255).optional(),
  directory_only: z.boolean().optional(),
  follow: z.boolean().optional(),
});
export const connectParams = z.strictObject({
  name,
  port: z.number().int().min(1).max(65_535),
  direct: z.boolean().optional(),
});
export const signalParams = z.strictObject({ name, session: z.string().max(32), signal: z.string().max(16) });
export const signalResult = z.object({ session: z.string() });
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

const figure = z.number().optional();
const hostProcess = z.object({ pid: z.number(), cpu_ms: z.number(), memory_bytes: z.number() }).optional();

export const statsParams = z.strictObject({ names: z.array(name).max(1_000).optional() });
export const statsResult = z.array(
  z.object({
    name,
    state: vmState,
    at: z.number(),
    guest: z
      .object({
        uptime_ms: figure,
        cpu_busy_ms: figure,
        cpu_idle_ms: figure,
        cpus: figure,
        memory_total_bytes: figure,
        memory_available_bytes: figure,
        swap_total_bytes: figure,
        swap_free_bytes: figure,
        tasks: figure,
        load: figure,
        received_bytes: figure,
        sent_bytes: figure,
        disk_read_bytes: figure,
        disk_written_bytes: figure,
        root_total_bytes: figure,
        root_available_bytes: figure,
      })
      .optional(),
    missing: z.string().optional(),
    vmhost: hostProcess,
    qemu: hostProcess,
    disk_bytes: figure,
  }),
);
export const portsResult = z.object({
  listeners: z.array(
    z.object({
      protocol: z.enum(['tcp', 'udp']),
      address: z.string(),
      port: z.number(),
      uid: z.number(),
      pid: figure,
      command: z.string().optional(),
      published: z.array(port),
    }),
  ),
  published: z.array(port.extend({ reached: z.enum(['yes', 'no_listener', 'loopback_only']) })),
  more: z.number(),
});

export const vmView = z.object({
  name,
  id: z.string(),
  state: vmState,
  cause: z.string().optional(),
  image: z.string(),
  image_digest: z.string(),
  kernel: z.string().optional(),
  kernel_digest: z.string().optional(),
  guest_digest: z.string().optional(),
  vcpus: z.number(),
  memory_bytes: z.number(),
  disk_bytes: z.number(),
  network: z.object({
    mode: z.string(),
    publish: z.array(port),
    name: z.string().optional(),
    address: z.string().optional(),
    address6: z.string().optional(),
    own: z.boolean().optional(),
    egress: z
      .object({ mode: z.enum(['open', 'deny', 'allow']), audit: z.boolean(), allow: z.array(z.string()) })
      .optional(),
  }),
  auto_remove: z.boolean(),
  features: z.array(z.object({ name: z.string(), part: z.unknown().optional(), cleanup_due: z.boolean().optional() })),
  init,
  mounts: z.array(z.object({ ...mount, read_only: z.boolean() })),
  labels,
  next_start: z.object({ vcpus: z.number().optional(), memory_bytes: z.number().optional() }).optional(),
  restart: z.string(),
  autostart: z.boolean(),
  idle_timeout_seconds: figure,
  max_duration_seconds: figure,
  desired: z.enum(['running', 'stopped']),
  restarts: z.number(),
  next_restart_at: figure,
  exit_code: figure,
  signal: z.string().optional(),
  last_phase: z.string().optional(),
  console_tail: z.array(z.string()).optional(),
  created_at: z.number(),
  started_at: z.number().optional(),
  ended_at: z.number().optional(),
  came_up: z.enum(['cold', 'template', 'pool', 'resume']).optional(),
  fallback: z.string().optional(),
  driver: z.string(),
  driver_version: z.string().optional(),
  accelerator: z.string().optional(),
  machine: z.string().optional(),
  limits: z
    .object({
      kind: z.enum(['systemd', 'cgroup', 'none']),
      reason: z.string().optional(),
      scope: z.string().optional(),
      cgroup: z.string().optional(),
      memory_bytes: figure,
      cpus: figure,
      pids: figure,
    })
    .optional(),
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
    ended_at: z.number().optional(),
    pty: z.boolean().optional(),
    output_bytes: z.number().optional(),
    output_from: z.number().optional(),
  }),
);
