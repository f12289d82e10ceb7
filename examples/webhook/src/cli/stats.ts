import type { CliCommand } from '@nook/daemonapi';
import type {} from '../contract.ts';

export const stats: CliCommand = {
  name: 'webhook stats',
  summary: 'Show how many events were delivered, dropped and skipped',
  examples: ['nook webhook stats', 'nook webhook stats --json'],
  async run({ context }) {
    const stats = await context.call('webhook.stats', {});
    if (context.json) {
      context.out.json(stats);
      return;
    }
    const { target, breaker, queued, delivered, dropped, skipped, last_error } = stats;
    context.out.table(
      ['TARGET', 'BREAKER', 'QUEUED', 'DELIVERED', 'DROPPED', 'SKIPPED', 'LAST ERROR'],
      [[target ?? '-', breaker, ...[queued, delivered, dropped, skipped].map(String), last_error ?? '-']],
    );
  },
};
