import { startTestDaemon, type TestDaemon } from '@nook/testkit';
import type { WebhookStats } from '../src/contract.ts';
import { webhook } from '../src/plugin.ts';

declare module '@nook/daemonapi' {
  interface Events {
    'demo.thing': { readonly n: number };
    'demo.thing.part': { readonly n: number };
    'other.thing': { readonly n: number };
  }
}

export const SECRET = 'a secret of the tests';

/** Times that make a test short. */
const QUICK = { backoff_seconds: 0.005, max_backoff_seconds: 0.01, timeout_seconds: 2, topics: ['demo.*'] };

/** A daemon with the webhook and nothing else. */
export function webhookDaemon(config: object = {}, home?: string): Promise<TestDaemon> {
  return startTestDaemon({
    plugins: [webhook],
    config: { webhook: { secret: SECRET, ...QUICK, ...config } },
    ...(home === undefined ? {} : { home }),
  });
}

export function publish(daemon: TestDaemon, ...numbers: readonly number[]): void {
  for (const n of numbers) daemon.events.publish('demo.thing', { n });
}

/** Asks until it is so: the daemon has an answer a moment before it has counted it. */
export async function statsWhen(daemon: TestDaemon, is: (stats: WebhookStats) => boolean): Promise<WebhookStats> {
  const deadline = Date.now() + 5000;
  for (;;) {
    const stats = await daemon.call('webhook.stats', {});
    if (is(stats)) return stats;
    if (Date.now() > deadline) throw new Error(`it did not come true: ${JSON.stringify(stats)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
