import type { CliCommand } from '@nook/daemonapi';
import { CHOICE, CHOSEN_VMS, chosenVms } from './chosen-vms.ts';
import { eachVm } from './each-vm.ts';

export const rm: CliCommand = {
  name: 'vm rm',
  summary: 'Remove VMs with their disks',
  positionals: CHOSEN_VMS,
  options: { ...CHOICE, force: { short: 'f', help: 'also when they run' } },
  examples: ['nook vm rm web', 'nook vm rm --force web db', 'nook vm rm --filter label=job=7 --filter state=stopped'],
  run: async ({ positionals, options, context }) =>
    eachVm(context, await chosenVms(context, positionals.VM, options), (name) =>
      context.call('vm.delete', { name, force: options.force === true }),
    ),
};
