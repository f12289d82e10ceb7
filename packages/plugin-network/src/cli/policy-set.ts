import { type CliCommand, NookError } from '@nook/daemonapi';
import { ALLOW_OPTION } from './egress-options.ts';
import { printPolicy, VM } from './print-policy.ts';

const WORDS = ['deny', 'open', 'audit'] as const;

export const policySet: CliCommand = {
  name: 'net policy set',
  summary: 'Change what a VM may reach, also while it runs',
  positionals: VM,
  options: {
    deny: { help: 'nothing' },
    open: { help: 'everything but private addresses' },
    allow: ALLOW_OPTION,
    audit: { help: 'let everything through that is not private, and record it; see: nook net policy learn' },
  },
  examples: [
    'nook net policy set web --deny',
    "nook net policy set web --allow example.org:443 --allow '*.example.net:443'",
    'nook net policy set web --open --allow 10.20.0.0/16',
  ],
  async run({ positionals, options, context }) {
    const words = WORDS.filter((word) => options[word] === true);
    if (words.length > 1)
      throw new NookError('bad_params', `Only one of ${words.map((word) => `--${word}`).join(' and ')} can hold.`);
    const view = await context.call('net.policy.set', {
      vm: String(positionals.VM),
      ...(words[0] === undefined ? {} : { egress: words[0] }),
      ...(options.allow === undefined ? {} : { allow: options.allow as readonly string[] }),
    });
    printPolicy(context, view);
  },
};
