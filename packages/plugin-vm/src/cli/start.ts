import type { CliCommand } from '@nook/daemonapi';
import { eachVm, VMS } from './each-vm.ts';

export const start: CliCommand = {
  name: 'vm start',
  summary: 'Start VMs that do not run',
  positionals: VMS,
  examples: ['nook vm start web', 'nook vm start web db'],
  run({ positionals, context }) {
    using progress = context.progress();
    return eachVm(context, positionals.VM, (name) =>
      context.call('vm.start', { name }, { onProgress: (update) => progress.update(update) }),
    );
  },
};
