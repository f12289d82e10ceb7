import { z } from 'zod';

const MAX_CHARACTERS = 64 * 1024;

/** What a VM's request says under `features["seed-drive"]`. */
export const seedPart = z.strictObject({
  text: z.string().min(1).max(MAX_CHARACTERS),
  /** Where the guest finds it. */
  path: z.string().startsWith('/').max(1024).default('/run/seed'),
});

export type SeedPart = z.output<typeof seedPart>;
