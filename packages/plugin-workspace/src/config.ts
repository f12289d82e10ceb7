import { z } from 'zod';

/** A file of the host that VMs get. */
const fileSync = z.strictObject({
  /** Absolute, or `~/…` for the daemon's user. */
  source: z.string().regex(/^(?:~\/|\/)[^\0]*$/, 'is an absolute path, or one that begins with ~/'),
  /** In the guest. Absent: where it is here, with root's home for this one. */
  target: z
    .string()
    .regex(/^\/[^\0]*[^/\0]$/, 'is an absolute path of a file')
    .optional(),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'is an octal mode such as 0600')
    .default('0600'),
  owner: z
    .string()
    .regex(/^[\w][\w.-]*(?::[\w][\w.-]*)?$/, 'is USER or USER:GROUP of the guest')
    .default('root'),
});

/** `[workspace]` in config.toml. */
export const workspaceConfig = z.strictObject({
  /** Into every VM that is made from now on, at each start. */
  file_sync: z.array(fileSync).max(64).default([]),
});

export type FileSync = z.output<typeof fileSync>;
export type WorkspaceConfig = z.output<typeof workspaceConfig>;
