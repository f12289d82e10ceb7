import type { CliCommand } from '@nook/daemonapi';
import { eachVm, VMS } from './each-vm.ts';

export const rm: CliCommand = {
  name: 'vm rm',
  summary: 'Remove VMs with their disks',
  positionals: VMS,
  options: { force: { short: 'f', help: 'also when they run' } },
  examples: ['nook vm rm web', 'nook vm rm --force web db'],
  run: ({ positionals, options, context }) =>
    eachVm(context, positionals.VM, (name) => context.call('vm.delete', { name, force: options.force === true })),
};
