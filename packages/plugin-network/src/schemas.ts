import { z } from 'zod';

const name = z.string().min(1).max(63);

const mode = z.enum(['namespace', 'bridge']);

export const noParams = z.strictObject({});
export const named = z.strictObject({ name });
export const removed = z.object({ name: z.string() });

const egressRequest = {
  egress: z.enum(['open', 'deny', 'allow', 'audit']).optional(),
  allow: z.array(z.string().max(320)).max(512).optional(),
};

export const newNetwork = z.strictObject({
  ...egressRequest,
  name,
  mode: mode.optional(),
  subnet: z.string().max(64).optional(),
  subnet6: z.string().max(64).optional(),
  isolated: z.boolean().optional(),
});

export const published = z.strictObject({ vm: name, port: z.string().max(128) });
export const publishedPort = z.object({
  protocol: z.enum(['tcp', 'udp']),
  host_address: z.string(),
  host_port: z.number(),
  guest_port: z.number(),
});

const egress = z.object({ mode: z.enum(['open', 'deny', 'allow']), audit: z.boolean(), allow: z.array(z.string()) });

export const ofVm = z.strictObject({ vm: name });
export const egressChange = z.strictObject({ vm: name, ...egressRequest });

const target = z.object({
  name: z.string().optional(),
  cidr: z.string().optional(),
  protocol: z.enum(['any', 'tcp', 'udp', 'icmp']),
  ports: z.object({ from: z.number(), to: z.number() }).optional(),
});

export const egressView = z.object({
  vm: z.string(),
  network: z.string(),
  egress,
  manager: z.string(),
  enforced: egress.extend({ allow: z.array(target), opened: z.array(z.string()) }).optional(),
  unreported: z.string().optional(),
});

export const egressLearnt = z.object({
  vm: z.string(),
  allow: z.array(z.string()),
  used: z.array(z.object({ target: z.string(), at: z.number() })),
});

export const networkView = z.object({
  names: z.object({ from_host: z.boolean(), hint: z.string().optional() }).optional(),
  name: z.string(),
  id: z.string(),
  mode,
  state: z.enum(['active', 'idle']),
  subnet: z.string(),
  subnet6: z.string(),
  gateway: z.string(),
  gateway6: z.string(),
  isolated: z.boolean(),
  egress,
  created_at: z.number(),
  nethost_pid: z.number().optional(),
  vms: z.array(z.object({ name: z.string(), id: z.string(), address: z.string(), address6: z.string() })),
});
