import type { CliCommand } from '@nook/daemonapi';
import { eachVm, VMS } from './each-vm.ts';

export const resume: CliCommand = {
  name: 'vm resume',
  summary: 'Let paused and suspended VMs go on',
  positionals: VMS,
  examples: ['nook vm resume web'],
  run({ positionals, context }) {
    using progress = context.progress();
    return eachVm(context, positionals.VM, (name) =>
      context.call('vm.resume', { name }, { onProgress: (update) => progress.update(update) }),
    );
  },
};
