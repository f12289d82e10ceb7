import { type CliCommand, NookError } from '@nook/daemonapi';
import type {} from '../contract.ts';

export const set: CliCommand = {
  name: 'webhook set',
  summary: 'Deliver events to a URL from now on; without one, to nowhere',
  positionals: [{ name: 'url', help: 'where events are posted to' }],
  options: { off: { help: 'deliver to nowhere' } },
  examples: ['nook webhook set https://example.org/hooks/nook', 'nook webhook set --off'],
  async run({ positionals, options, context }) {
    const url = positionals.url as string | undefined;
    if ((url === undefined) !== (options.off === true)) {
      throw new NookError('bad_params', 'Give either a URL or --off.', { hint: 'See: nook webhook set --help' });
    }
    const stats = await context.call('webhook.set', { url: url ?? null });
    if (context.json) context.out.json(stats);
    else context.out.line(stats.target === null ? 'events go nowhere' : `events go to ${stats.target}`);
  },
};
