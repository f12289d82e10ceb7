import type { CliCommand } from '@nook/daemonapi';
import { CHOICE, CHOSEN_VMS, chosenVms } from './chosen-vms.ts';
import { eachVm } from './each-vm.ts';
import { stopTime, TIMEOUT } from './stop-time.ts';

export const stop: CliCommand = {
  name: 'vm stop',
  summary: 'Stop VMs, gently at first, by a deadline',
  positionals: CHOSEN_VMS,
  options: { ...TIMEOUT, ...CHOICE, force: { short: 'f', help: 'ask nobody; escalates a stop in progress' } },
  examples: ['nook vm stop web', 'nook vm stop --timeout 60 db', 'nook vm stop --filter label=env=test'],
  async run({ positionals, options, context }) {
    return await eachVm(context, await chosenVms(context, positionals.VM, options), (name) =>
      options.force === true
        ? context.call('vm.kill', { name })
        : context.call('vm.stop', { name, ...stopTime(options) }),
    );
  },
};
