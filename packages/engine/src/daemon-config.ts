import { z } from 'zod';

const DAY_MS = 24 * 60 * 60 * 1000;

function kept(defaults: { readonly keep: number; readonly days: number }) {
  return z
    .strictObject({
      keep: z.number().int().min(1).max(1_000_000).default(defaults.keep),
      keep_days: z.number().positive().max(3650).default(defaults.days),
    })
    .prefault({});
}

/** Milliseconds of a section's `keep_days`. */
export function retention({ keep, keep_days }: { readonly keep: number; readonly keep_days: number }) {
  return { keep, keepMs: keep_days * DAY_MS };
}

/** `[daemon]` of config.toml. */
export const daemonConfig = z.strictObject({
  /** Which daemon the client starts on demand; read by the client. */
  command: z.array(z.string().min(1)).min(1).optional(),
  log_level: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  /** How long calls in flight may go on when the daemon stops, before they are cancelled. */
  drain_seconds: z.number().min(0).max(600).default(5),
  /** What other users may do, by their uid; the user of the daemon and root may do everything. */
  access: z.record(z.string().regex(/^\d+$/, 'must be a uid'), z.enum(['read', 'write', 'admin'])).default({}),
  /** Of operations that have ended, the latest are kept. */
  operations: kept({ keep: 1000, days: 30 }),
  /** Of durable events the latest are kept. */
  events: kept({ keep: 10_000, days: 30 }),
  /** How long a request may be repeated under its idempotency key. */
  idempotency: kept({ keep: 10_000, days: 2 }),
});

export type DaemonConfig = z.output<typeof daemonConfig>;

/** `[images] store` decides where a directory is, and so belongs to the engine; the plugin sees its section without it. */
export const imagesStore = z.string().startsWith('/', 'must be an absolute path');
