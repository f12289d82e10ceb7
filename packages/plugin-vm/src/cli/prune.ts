import type { CliCommand } from '@nook/daemonapi';
import { formatAmount } from '../format-amount.ts';
import { FILTER, filterOf } from './chosen-vms.ts';

export const prune: CliCommand = {
  name: 'vm prune',
  summary: 'Remove the VMs that do not run, with their disks',
  options: {
    ...FILTER,
    'dry-run': { help: 'remove nothing, say what would go' },
    suspended: { help: 'suspended ones too; what is in their memory is lost' },
  },
  examples: ['nook vm prune --dry-run', 'nook vm prune', 'nook vm prune --filter label=job'],
  async run({ options, context }) {
    const dry = options['dry-run'] === true;
    const { removed, failed, bytes } = await context.call('vm.prune', {
      ...filterOf(options),
      ...(dry ? { dry_run: true } : {}),
      ...(options.suspended === true ? { suspended: true } : {}),
    });
    for (const { name, why } of failed) context.out.note(`nook: ${name}: ${why}`);
    if (context.json) context.out.json({ removed, failed, bytes });
    else {
      for (const { name } of removed) context.out.line(name);
      context.out.note(`${dry ? 'would free' : 'freed'} ${formatAmount(bytes)}`);
    }
    return failed.length > 0 ? 1 : 0;
  },
};
