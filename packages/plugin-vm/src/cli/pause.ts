import type { CliCommand } from '@nook/daemonapi';
import { eachVm, VMS } from './each-vm.ts';

export const pause: CliCommand = {
  name: 'vm pause',
  summary: 'Let VMs stand still, with their memory kept',
  positionals: VMS,
  examples: ['nook vm pause web'],
  run: ({ positionals, context }) => eachVm(context, positionals.VM, (name) => context.call('vm.pause', { name })),
};
