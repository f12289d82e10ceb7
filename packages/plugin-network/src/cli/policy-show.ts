import type { CliCommand } from '@nook/daemonapi';
import { printPolicy, VM } from './print-policy.ts';

export const policyShow: CliCommand = {
  name: 'net policy show',
  summary: 'Show what a VM may reach',
  positionals: VM,
  examples: ['nook net policy show web'],
  run: async ({ positionals, context }) =>
    printPolicy(context, await context.call('net.policy.show', { vm: String(positionals.VM) })),
};
