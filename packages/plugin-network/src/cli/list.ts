import type { CliCommand } from '@nook/daemonapi';

export const list: CliCommand = {
  name: 'net list',
  aliases: ['net ls'],
  summary: 'List networks of several VMs',
  examples: ['nook net list', 'nook net list --json'],
  async run({ context }) {
    const networks = await context.call('net.list', {});
    if (context.json) return context.out.json(networks);
    context.out.table(
      ['NAME', 'MODE', 'STATE', 'SUBNET', 'SUBNET6', 'ISOLATED', 'VMS'],
      networks.map(({ name, mode, state, subnet, subnet6, isolated, vms }) => [
        ...[name, mode, state, subnet, subnet6, isolated ? 'yes' : 'no'],
        vms.map((vm) => vm.name).join(' '),
      ]),
    );
  },
};
