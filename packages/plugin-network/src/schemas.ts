import { z } from 'zod';

const name = z.string().min(1).max(63);

export const noParams = z.strictObject({});
export const named = z.strictObject({ name });
export const removed = z.object({ name: z.string() });

export const newNetwork = z.strictObject({
  name,
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

export const networkView = z.object({
  name: z.string(),
  id: z.string(),
  state: z.enum(['active', 'idle']),
  subnet: z.string(),
  subnet6: z.string(),
  gateway: z.string(),
  gateway6: z.string(),
  isolated: z.boolean(),
  created_at: z.number(),
  nethost_pid: z.number().optional(),
  vms: z.array(z.object({ name: z.string(), id: z.string(), address: z.string(), address6: z.string() })),
});
