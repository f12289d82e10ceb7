import { NookError, type PluginContext } from '@nook/daemonapi';
import { z } from 'zod';
import { httpUrl, type WebhookConfig } from './config.ts';
import type {} from './contract.ts';
import type { Deliverer } from './deliverer.ts';
import { writeTarget } from './target.ts';

const stats = z.object({
  target: z.string().nullable(),
  breaker: z.enum(['closed', 'open', 'half_open']),
  queued: z.number(),
  delivered: z.number(),
  dropped: z.number(),
  skipped: z.number(),
  last_error: z.string().exactOptional(),
  last_delivered_at: z.number().exactOptional(),
});

type Context = PluginContext<'webhook', WebhookConfig>;

export function registerMethods(context: Context, deliverer: Deliverer, config: () => WebhookConfig): void {
  context.method('webhook.set', {
    summary: 'Names the URL that events are delivered to, or none.',
    access: 'admin',
    params: z.strictObject({ url: httpUrl.nullable() }),
    result: stats,
    run({ url }) {
      if (url !== null && config().secret === undefined) {
        throw new NookError('unavailable', 'There is no key to sign deliveries with.', {
          hint: "Set 'secret' in section [webhook] of config.toml, then: nook daemon reload",
        });
      }
      writeTarget(context.store, url);
      deliverer.aim(url === null ? undefined : new URL(url));
      return deliverer.stats();
    },
  });
  context.method('webhook.stats', {
    summary: 'Tells how many events were delivered, dropped and skipped.',
    access: 'read',
    params: z.strictObject({}),
    result: stats,
    run: () => deliverer.stats(),
  });
}
