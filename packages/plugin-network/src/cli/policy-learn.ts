import type { CliCommand } from '@nook/daemonapi';
import { VM } from './print-policy.ts';

export const policyLearn: CliCommand = {
  name: 'net policy learn',
  summary: 'Show the shortest list that allows what a VM used while its policy was audit',
  positionals: VM,
  examples: ['nook net policy set web --audit', 'nook net policy learn web'],
  async run({ positionals, context }) {
    const vm = String(positionals.VM);
    const learnt = await context.call('net.policy.learn', { vm });
    if (context.json) return context.out.json(learnt);
    for (const target of learnt.allow) context.out.line(target);
    if (learnt.allow.length === 0)
      context.out.note(`Nothing was recorded. To have it: nook net policy set ${vm} --audit`);
    else context.out.note(`To allow just that: nook net policy lock ${vm}`);
  },
};
