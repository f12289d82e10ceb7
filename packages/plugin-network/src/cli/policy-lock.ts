import type { CliCommand } from '@nook/daemonapi';
import { printPolicy, VM } from './print-policy.ts';

export const policyLock: CliCommand = {
  name: 'net policy lock',
  summary: 'Allow a VM what it used while its policy was audit, and nothing else',
  positionals: VM,
  examples: ['nook net policy lock web'],
  run: async ({ positionals, context }) =>
    printPolicy(context, await context.call('net.policy.lock', { vm: String(positionals.VM) })),
};
