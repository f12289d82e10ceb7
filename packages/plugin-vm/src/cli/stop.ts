import type { CliCommand } from '@nook/daemonapi';
import { eachVm, VMS } from './each-vm.ts';
import { stopTime, TIMEOUT } from './stop-time.ts';

export const stop: CliCommand = {
  name: 'vm stop',
  summary: 'Stop VMs, gently at first, by a deadline',
  positionals: VMS,
  options: { ...TIMEOUT, force: { short: 'f', help: 'ask nobody; escalates a stop in progress' } },
  examples: ['nook vm stop web', 'nook vm stop --timeout 60 db'],
  run({ positionals, options, context }) {
    return eachVm(context, positionals.VM, (name) =>
      options.force === true
        ? context.call('vm.kill', { name })
        : context.call('vm.stop', { name, ...stopTime(options) }),
    );
  },
};
