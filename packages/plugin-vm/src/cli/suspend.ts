import type { CliCommand } from '@nook/daemonapi';
import { eachVm, VMS } from './each-vm.ts';

export const suspend: CliCommand = {
  name: 'vm suspend',
  summary: 'Save the memory of VMs to disk and end them, to go on later where they were',
  positionals: VMS,
  examples: ['nook vm suspend web', 'nook vm resume web'],
  run({ positionals, context }) {
    using progress = context.progress();
    return eachVm(context, positionals.VM, (name) =>
      context.call('vm.suspend', { name }, { onProgress: (update) => progress.update(update) }),
    );
  },
};
