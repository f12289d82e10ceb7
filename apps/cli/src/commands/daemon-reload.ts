import type { CliCommand } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';

export const daemonReload: CliCommand = {
  name: 'daemon reload',
  summary: 'Read config.toml again, and say what needs a restart of the daemon',
  examples: ['nook daemon reload'],
  async run({ context }) {
    const report = await context.call('daemon.reload', {});
    if (context.json) {
      context.out.json(report);
      return;
    }
    const { applied, restart_needed } = report;
    for (const key of applied) context.out.line(`applied  ${key}`);
    for (const key of restart_needed) context.out.line(`restart  ${key}`);
    if (applied.length + restart_needed.length === 0) context.out.line('nothing changed');
    if (restart_needed.length > 0) context.out.note('To take over the rest: nook daemon stop. VMs run on.');
  },
};
