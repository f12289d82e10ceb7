import type { CliCommand } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { commandTable } from '../program/command-table.ts';
import { complete } from './complete.ts';

const run: CliCommand = {
  name: 'vm run',
  aliases: ['run'],
  summary: 'Run',
  options: { image: { short: 'i', value: 'IMAGE', help: 'image' }, rm: { help: 'remove' } },
  trailing: { name: 'command', help: 'command' },
  run() {},
};
const stop: CliCommand = {
  name: 'vm stop',
  summary: 'Stop',
  positionals: [{ name: 'vm', rest: true, help: 'VMs' }],
  run() {},
};
const snapshot: CliCommand = {
  name: 'vm snapshot create',
  summary: 'Make one',
  positionals: [
    { name: 'VM', help: 'VM' },
    { name: 'NAME', help: 'name' },
  ],
  run() {},
};
const table = commandTable([{ commands: [run, stop, snapshot] }]);

const words = (line: string) => {
  const found = complete(table, line.split(' '));
  return found.kind === 'words' ? found.candidates.map(({ word }) => word) : found;
};

test.each([
  ['', ['vm', 'run']],
  ['vm ', ['run', 'stop', 'snapshot']],
  ['vm snapshot ', ['create']],
  ['nothing ', []],
  ['run -', ['--image', '--rm', '--json', '--help']],
  ['vm run --rm --', ['--image', '--rm', '--json', '--help']],
])('%j is followed by %j', (line, expected) => {
  expect(words(line)).toEqual(expected);
});

test.each([
  ['run --image ', { kind: 'value', name: 'IMAGE', before: '' }],
  ['run -i ', { kind: 'value', name: 'IMAGE', before: '' }],
  ['run --image=de', { kind: 'value', name: 'IMAGE', before: '--image=' }],
  ['vm stop web ', { kind: 'value', name: 'VM', before: '' }],
  ['vm snapshot create web ', { kind: 'value', name: 'NAME', before: '' }],
  ['vm snapshot create web one ', { kind: 'nothing' }],
  ['run --rm ', { kind: 'nothing' }],
  ['run -- ', { kind: 'nothing' }],
  ['--json vm ', { kind: 'nothing' }],
])('%j: %j', (line, expected) => {
  expect(words(line)).toEqual(expected);
});
