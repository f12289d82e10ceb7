import type { CliCommand } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { greeter } from './greeter.fixture.ts';
import { runCommand } from './run-command.ts';
import { startTestDaemon } from './test-daemon.ts';

const hello: CliCommand = {
  name: 'hello',
  summary: 'Greet somebody',
  positionals: [{ name: 'name', required: true, help: 'who' }],
  async run({ positionals, options, context }) {
    const answer = await context.call('test-greeter.hello', { name: positionals.name as string });
    if (options.quiet) return 3;
    if (context.json) context.out.json(answer);
    else context.out.table(['TEXT', 'N'], [[answer.text, '1']]);
    context.out.note('done');
    for await (const chunk of context.stdin) context.stdout.write(chunk);
    return undefined;
  },
};

test('a command is run against the daemon, and what it prints is there to look at', async () => {
  await using daemon = await startTestDaemon({ plugins: [greeter] });
  const positionals = { name: 'you' };
  const shown = await runCommand(daemon, hello, { positionals, stdin: 'more\n' });
  expect(shown).toEqual({ code: 0, stdout: 'TEXT  N\nHello, you.  1\nmore\n', stderr: 'done\n' });
  const { stdout } = await runCommand(daemon, hello, { positionals, json: true });
  expect(JSON.parse(stdout)).toEqual({ text: 'Hello, you.' });
  expect(await runCommand(daemon, hello, { positionals, options: { quiet: true } })).toMatchObject({ code: 3 });
  await expect(runCommand(daemon, hello, { positionals: { name: '' } })).rejects.toMatchObject({ code: 'bad_params' });
});
