import { z } from 'zod';

/** The plugin's section of config.toml. An unknown key is refused, with a suggestion. */
export const configSchema = z.strictObject({
  /** The word before the name. */
  greeting: z.string().min(1).default('Hello'),
});

export type Config = z.output<typeof configSchema>;
