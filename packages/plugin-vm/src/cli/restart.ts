import type { CliCommand } from '@nook/daemonapi';
import { CHOICE, CHOSEN_VMS, chosenVms } from './chosen-vms.ts';
import { eachVm } from './each-vm.ts';
import { stopTime, TIMEOUT } from './stop-time.ts';

export const restart: CliCommand = {
  name: 'vm restart',
  summary: 'Stop VMs and start them again',
  positionals: CHOSEN_VMS,
  options: { ...TIMEOUT, ...CHOICE },
  examples: ['nook vm restart web', 'nook vm restart --all'],
  async run({ positionals, options, context }) {
    using progress = context.progress();
    return await eachVm(context, await chosenVms(context, positionals.VM, options), (name) =>
      context.call('vm.restart', { name, ...stopTime(options) }, { onProgress: (update) => progress.update(update) }),
    );
  },
};
