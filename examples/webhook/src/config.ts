import { z } from 'zod';

export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

const seconds = (max: number) => z.number().positive().max(max);

/** `[webhook]` of config.toml. */
export const configSchema = z
  .strictObject({
    /** Where events are posted to; `webhook.set` goes before it. */
    url: httpUrl.optional(),
    /** Key of the signature. Nothing is delivered without one. */
    secret: z.string().min(16, 'must be 16 characters or more').optional(),
    /** Topics to deliver: `*` stands for one segment, `**` for any number. */
    topics: z.array(z.string().min(1)).min(1).default(['vm.*']),
    /** Events that may wait; beyond that the oldest goes. */
    queue: z.number().int().min(1).max(100_000).default(1000),
    /** How often one event is tried. */
    attempts: z.number().int().min(1).max(100).default(8),
    /** How long one attempt may take. */
    timeout_seconds: seconds(300).default(10),
    /** Wait after the first failed attempt; doubled after each further one, up to `max_backoff_seconds`. */
    backoff_seconds: seconds(3600).default(1),
    max_backoff_seconds: seconds(86_400).default(60),
    /** Failed attempts in a row after which none are made for `breaker_seconds`. */
    breaker_failures: z.number().int().min(1).max(1000).default(5),
    breaker_seconds: seconds(86_400).default(30),
  })
  .refine(({ url, secret }) => url === undefined || secret !== undefined, {
    path: ['secret'],
    message: 'must be there when url is: every delivery is signed',
  });

export type WebhookConfig = z.output<typeof configSchema>;
