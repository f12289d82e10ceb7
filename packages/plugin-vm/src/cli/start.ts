import type { CliCommand } from '@nook/daemonapi';
import { CHOICE, CHOSEN_VMS, chosenVms } from './chosen-vms.ts';
import { eachVm } from './each-vm.ts';

export const start: CliCommand = {
  name: 'vm start',
  summary: 'Start VMs that do not run; one that was suspended goes on where it was',
  positionals: CHOSEN_VMS,
  options: {
    ...CHOICE,
    'discard-ram': { help: 'boot a suspended VM from its disk instead; what was in its memory is lost' },
  },
  examples: [
    'nook vm start web',
    'nook vm start web db',
    'nook vm start --filter label=env=test',
    'nook vm start --discard-ram web',
  ],
  async run({ positionals, options, context }) {
    using progress = context.progress();
    return await eachVm(context, await chosenVms(context, positionals.VM, options), (name) =>
      context.call(
        'vm.start',
        { name, ...(options['discard-ram'] === true ? { discard_ram: true } : {}) },
        { onProgress: (update) => progress.update(update) },
      ),
    );
  },
};
