import type { CliCommand } from '@nook/daemonapi';
import { eachVm, VMS } from './each-vm.ts';

export const kill: CliCommand = {
  name: 'vm kill',
  summary: 'End VMs at once; what they had not written is lost',
  positionals: VMS,
  examples: ['nook vm kill web'],
  run: ({ positionals, context }) => eachVm(context, positionals.VM, (name) => context.call('vm.kill', { name })),
};
