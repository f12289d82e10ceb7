import type { CliCommand } from '@nook/daemonapi';
import { ago } from './ago.ts';
import { formatMebibytes } from './mebibytes.ts';

export const poolShow: CliCommand = {
  name: 'vm pool',
  summary: 'Show the machines that wait to become VMs',
  examples: ['nook vm pool', 'nook vm pool --json'],
  async run({ context }) {
    const pool = await context.call('vm.pool.show', {});
    if (context.json) return context.out.json(pool);
    const { size, members } = pool;
    const now = Date.now();
    context.out.table(
      ['ID', 'STATE', 'TEMPLATE', 'MEMORY', 'MADE'],
      members.map(({ id, state, template, bytes, created_at }) => [
        ...[id, state, template.slice(0, 12), formatMebibytes(bytes), ago(now - created_at)],
      ]),
    );
    if (size === 0) context.out.note('There is no pool: set size of [vm.pool] in config.toml.');
  },
};
