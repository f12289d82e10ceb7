import type { CliCommand } from '@nook/daemonapi';
import { eachVm, VMS } from './each-vm.ts';
import { stopTime, TIMEOUT } from './stop-time.ts';

export const restart: CliCommand = {
  name: 'vm restart',
  summary: 'Stop VMs and start them again',
  positionals: VMS,
  options: TIMEOUT,
  examples: ['nook vm restart web'],
  run({ positionals, options, context }) {
    using progress = context.progress();
    return eachVm(context, positionals.VM, (name) =>
      context.call('vm.restart', { name, ...stopTime(options) }, { onProgress: (update) => progress.update(update) }),
    );
  },
};
