import type { CliCommand } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { commandTable } from './command-table.ts';
import { resolveCommand } from './resolve-command.ts';

const command = (name: string, ...aliases: string[]): CliCommand => ({ name, aliases, summary: '', run() {} });
const table = commandTable([
  {
    commands: [
      command('vm run', 'run'),
      command('vm list', 'ps'),
      command('vm snapshot create'),
      command('vm snapshot'),
    ],
  },
  { commands: [command('version'), command('image pull')] },
]);

test.each([
  ['vm run --rm', 'vm run', ['--rm']],
  ['run --rm', 'vm run', ['--rm']],
  ['ps', 'vm list', []],
  ['--json vm list web', 'vm list', ['--json', 'web']],
  ['vm snapshot create web one', 'vm snapshot create', ['web', 'one']],
  ['vm snapshot web', 'vm snapshot', ['web']],
  ['version --json', 'version', ['--json']],
])('nook %s is a command', (line, name, args) => {
  expect(resolveCommand(table, line.split(' '))).toMatchObject({ kind: 'command', command: { name }, args });
});

test.each([
  ['', ''],
  ['--help', ''],
  ['vm', 'vm'],
  ['vm --help', 'vm'],
  ['image', 'image'],
])('nook %s is a group', (line, group) => {
  expect(resolveCommand(table, line.split(' ').filter(Boolean))).toMatchObject({ kind: 'group', group });
});

test.each([
  ['vm lst', 'vm lst', 'vm list'],
  ['vm lisst web', 'vm lisst', 'vm list'],
  ['rum -- ls', 'rum', 'run'],
  ['verson', 'verson', 'version'],
  ['imagee pull x', 'imagee pull', 'image pull'],
  ['frobnicate', 'frobnicate', undefined],
])('nook %s is unknown', (line, words, suggestion) => {
  expect(resolveCommand(table, line.split(' '))).toEqual({ kind: 'unknown', words, suggestion });
});

test('two commands of one name are a fault', () => {
  expect(() => commandTable([{ commands: [command('a'), command('b', 'a')] }])).toThrow(
    "Two commands are called 'nook a'.",
  );
});
