import type { CliCommand, CliContext, CliExtension } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { commandTable } from './command-table.ts';
import { extendCommand } from './extend-command.ts';
import { parseCommandLine } from './parse-command-line.ts';

const greet: CliCommand = {
  name: 'test greet',
  summary: 'Greets',
  options: { loud: { help: 'louder' } },
  examples: ['nook test greet'],
  run: ({ options }) => (options.loud === true ? 2 : 1),
};
const context = {} as CliContext;
const twice: CliExtension = {
  command: 'test greet',
  positionals: [{ name: 'WHOM', help: 'somebody' }],
  options: { twice: { help: 'say it twice' } },
  examples: ['nook test greet --twice you'],
  async run(invocation, next) {
    const once = await next({ ...invocation, options: { ...invocation.options, loud: true } });
    return invocation.options.twice === true ? once * 2 : once;
  },
};

test('an extension adds options, words and examples, and runs around the command', async () => {
  const table = commandTable([{ commands: [greet] }, { commands: [], extensions: [twice] }]);
  const command = table.get('test greet') as CliCommand;
  const parsed = parseCommandLine(command, ['--twice', 'you']);
  expect(parsed.positionals).toEqual({ WHOM: 'you' });
  expect(command.examples).toEqual(['nook test greet', 'nook test greet --twice you']);
  expect(await command.run({ ...parsed, context })).toBe(4);
  expect(await command.run({ ...parseCommandLine(command, []), context })).toBe(2);
});

test('an extension of a command that is not there changes nothing', () => {
  expect([...commandTable([{ commands: [greet], extensions: [{ ...twice, command: 'test none' }] }]).values()]).toEqual(
    [greet],
  );
});

test('an option cannot be added that is there already', () => {
  expect(() => extendCommand(greet, { ...twice, options: { loud: { help: 'again' } } })).toThrow('--loud already');
});
