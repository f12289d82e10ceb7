import { join } from 'node:path';
import { z } from 'zod';
import { RUN_DIR, SOCKET_NAME } from './places.ts';

export const configSchema = z.strictObject({
  /** Where the helper listens. */
  socket: z.string().startsWith('/', 'must be an absolute path').default(join(RUN_DIR, SOCKET_NAME)),
});

export type RoothelperConfig = z.output<typeof configSchema>;
