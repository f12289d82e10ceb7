import type { CliCommand } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';

export const daemonStart: CliCommand = {
  name: 'daemon start',
  summary: 'Start the daemon, unless it runs, and wait until it answers',
  examples: ['nook daemon start'],
  async run({ context }) {
    const daemon = await context.call('ping', {});
    if (context.json) context.out.json(daemon);
    else context.out.line(`nookd ${daemon.version} runs as process ${daemon.pid}`);
  },
};
