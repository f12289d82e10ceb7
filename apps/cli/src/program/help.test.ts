import type { CliCommand } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { commandTable } from './command-table.ts';
import { commandHelp, groupHelp } from './help.ts';

const run: CliCommand = {
  name: 'vm run',
  aliases: ['run'],
  summary: 'Run a command in a fresh machine',
  positionals: [
    { name: 'from', required: true, help: 'where from' },
    { name: 'file', rest: true, help: 'which' },
  ],
  options: { name: { short: 'n', value: 'NAME', help: 'its name' }, env: { value: 'X', multiple: true, help: 'more' } },
  trailing: { name: 'command', help: 'what to run' },
  examples: ['nook vm run -- ls', 'nook vm run'],
  run() {},
};

test('a command shows its usage, all it takes, and ends with its examples', () => {
  expect(commandHelp(run)).toBe(`Run a command in a fresh machine (short: nook run)

  nook vm run [flags] FROM [FILE...] [-- COMMAND...]

Arguments:
  FROM     where from
  FILE     which
  COMMAND  what to run

Options:
  -n, --name NAME  its name
      --env X      more (may be repeated)
      --json       print the result as JSON, and an error as JSON on stderr
  -h, --help       show this help

Examples:
  nook vm run -- ls
  nook vm run`);
});

test('the first page begins with what most come for, names every command, and ends with examples', () => {
  const version: CliCommand = { name: 'version', summary: 'Show the version', examples: ['nook version'], run() {} };
  const images = 'pull list show rm prune import register promote export'.split(' ');
  const table = commandTable([
    { commands: [version, run, ...images.map((verb) => ({ name: `image ${verb}`, summary: verb, run() {} }))] },
  ]);
  expect(groupHelp(table, '')).toBe(`One-command sandboxes in real microVMs.

  nook vm run [flags] [-- COMMAND...]

Often used:
  version  Show the version
  run      Run a command in a fresh machine

All commands:
  vm     run
  image  pull, list, show, rm, prune, import, register, promote, export

Details: nook help vm, nook help COMMAND   Exit codes: nook help exit-codes

Examples:
  nook vm run -- ls
  nook vm run
  nook version`);
});

test('a group shows its own commands only', () => {
  const page = groupHelp(
    commandTable([{ commands: [run, { name: 'image pull', summary: 'Pull', run() {} }] }]),
    'image',
  );
  expect(page).toContain('image pull  Pull');
  expect(page).not.toContain('vm run');
});
