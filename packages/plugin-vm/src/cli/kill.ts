import type { CliCommand } from '@nook/daemonapi';
import { CHOICE, CHOSEN_VMS, chosenVms } from './chosen-vms.ts';
import { eachVm } from './each-vm.ts';

export const kill: CliCommand = {
  name: 'vm kill',
  summary: 'End VMs at once; what they had not written is lost',
  positionals: CHOSEN_VMS,
  options: {
    ...CHOICE,
    signal: {
      short: 's',
      value: 'SIGNAL',
      help: "send the VM's process this signal instead, e.g. TERM, STOP, CONT or 15",
    },
  },
  examples: ['nook vm kill web', 'nook vm kill --signal TERM web', 'nook vm kill --filter label=job=7'],
  run: async ({ positionals, options, context }) =>
    eachVm(context, await chosenVms(context, positionals.VM, options), (name) =>
      context.call('vm.kill', { name, ...(typeof options.signal === 'string' ? { signal: options.signal } : {}) }),
    ),
};
