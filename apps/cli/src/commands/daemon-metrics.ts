import type { CliCommand } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';

export const daemonMetrics: CliCommand = {
  name: 'daemon metrics',
  summary: "Print what the daemon counts, in Prometheus' text format",
  examples: ['nook daemon metrics', 'nook daemon metrics > /var/lib/node_exporter/nook.prom'],
  async run({ context }) {
    const metrics = await context.call('daemon.metrics', {});
    if (context.json) context.out.json(metrics);
    else context.out.line(metrics.text.trimEnd());
  },
};
