import type { CliCommand } from '@nook/daemonapi';

export const rm: CliCommand = {
  name: 'net rm',
  summary: 'Remove networks that no VM is on',
  positionals: [{ name: 'NETWORK', required: true, rest: true, help: 'networks; the others proceed when one fails' }],
  examples: ['nook net rm back'],
  async run({ positionals, context }) {
    const outcomes = await Promise.allSettled(
      (positionals.NETWORK as readonly string[]).map((name) => context.call('net.delete', { name })),
    );
    const removed = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    if (context.json) context.out.json(removed);
    else for (const { name } of removed) context.out.line(name);
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
    for (const failure of failures.slice(1)) context.out.note(failure.message);
    if (failures.length > 0) throw failures[0];
  },
};
