import type { CliCommand } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';

export const pluginList: CliCommand = {
  name: 'plugin list',
  summary: 'Show the plugins of the daemon, their state and where they come from',
  examples: ['nook plugin list', 'nook plugin list --json'],
  async run({ context }) {
    const { plugins } = await context.call('plugin.list', {});
    if (context.json) {
      context.out.json(plugins);
      return;
    }
    context.out.table(
      ['NAME', 'STATE', 'VERSION', 'FROM', 'REASON'],
      plugins.map(({ name, state, version, from, reason }) => [name, state, version, from, reason ?? '']),
    );
  },
};
