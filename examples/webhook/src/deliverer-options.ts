import type { Clock, Logger } from '@nook/daemonapi';
import type { WebhookConfig } from './config.ts';
import type { DelivererOptions } from './deliverer.ts';

/** What the config says, in milliseconds. */
export function delivererOptions(
  config: WebhookConfig,
  { log, clock }: { readonly log: Logger; readonly clock: Clock },
): DelivererOptions {
  return {
    secret: config.secret ?? '',
    log,
    clock,
    queue: config.queue,
    attempts: config.attempts,
    timeoutMs: config.timeout_seconds * 1000,
    backoff: { firstMs: config.backoff_seconds * 1000, maxMs: config.max_backoff_seconds * 1000 },
    breaker: { failures: config.breaker_failures, openMs: config.breaker_seconds * 1000 },
  };
}
