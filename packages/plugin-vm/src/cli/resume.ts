import type { CliCommand } from '@nook/daemonapi';
import { eachVm, VMS } from './each-vm.ts';

export const resume: CliCommand = {
  name: 'vm resume',
  summary: 'Let paused VMs go on',
  positionals: VMS,
  examples: ['nook vm resume web'],
  run: ({ positionals, context }) => eachVm(context, positionals.VM, (name) => context.call('vm.resume', { name })),
};
