import type { CliCommand } from '@nook/daemonapi';
import type {} from '../contract.ts';

export const greet: CliCommand = {
  name: 'template-name greet',
  summary: 'Greet somebody',
  positionals: [{ name: 'name', required: true, help: 'who is greeted' }],
  examples: ['nook template-name greet you'],
  async run({ positionals, context }) {
    const name = positionals.name as string;
    const answer = await context.call('template-name.greet', { name });
    if (context.json) context.out.json(answer);
    else context.out.line(answer.text);
  },
};
