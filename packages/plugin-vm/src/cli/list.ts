import type { CliCommand } from '@nook/daemonapi';
import { formatSize } from '../size.ts';
import { ago } from './ago.ts';
import { FILTER, filterOf } from './chosen-vms.ts';

export const list: CliCommand = {
  name: 'vm list',
  aliases: ['ps', 'vm ls'],
  summary: 'List VMs and their state',
  options: FILTER,
  examples: ['nook vm list', 'nook vm list --json', 'nook vm list --filter state=running --filter label=env=test'],
  async run({ options, context }) {
    const vms = await context.list('vm.list', filterOf(options));
    if (context.json) return context.out.json(vms);
    const now = Date.now();
    context.out.table(
      ['NAME', 'STATE', 'IMAGE', 'VCPUS', 'MEMORY', 'PORTS', 'CREATED', 'CAUSE'],
      vms.map((vm) => [
        vm.name,
        vm.state,
        vm.image,
        String(vm.vcpus),
        formatSize(vm.memory_bytes),
        vm.network.publish
          .map(({ host_address, host_port, guest_port }) => `${host_address}:${host_port}→${guest_port}`)
          .join(' '),
        ago(now - vm.created_at),
        vm.state === 'failed' ? (vm.cause ?? '') : '',
      ]),
    );
  },
};
