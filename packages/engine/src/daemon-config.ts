import { z } from 'zod';

/** `[daemon]` of config.toml. */
export const daemonConfig = z.strictObject({
  /** Which daemon the client starts on demand; read by the client. */
  command: z.array(z.string().min(1)).min(1).optional(),
  log_level: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  /** How long calls in flight may go on when the daemon stops, before they are cancelled. */
  drain_seconds: z.number().min(0).max(600).default(5),
});

export type DaemonConfig = z.output<typeof daemonConfig>;

/** `[images] store` decides where a directory is, and so belongs to the engine; the plugin sees its section without it. */
export const imagesStore = z.string().startsWith('/', 'must be an absolute path');
