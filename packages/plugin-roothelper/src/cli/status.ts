import type { CliCommand } from '@nook/daemonapi';

export const status: CliCommand = {
  name: 'system status',
  summary: 'Show the services that nook is installed as',
  examples: ['nook system status', 'nook system status --json'],
  async run({ context }) {
    const { unitState, UNITS } = await import('./systemctl.ts');
    const states = await Promise.all(UNITS.map(unitState));
    if (context.json) context.out.json(states);
    else
      context.out.table(
        ['NAME', 'STATE', 'ENABLED'],
        states.map(({ name, state, enabled }) => [name, state, enabled]),
      );
  },
};
