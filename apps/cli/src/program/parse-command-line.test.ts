import type { CliCommand } from '@nook/daemonapi';
import { describe, expect, test } from 'vitest';
import { parseCommandLine } from './parse-command-line.ts';

const exec: CliCommand = {
  name: 'vm exec',
  summary: '',
  positionals: [{ name: 'vm', required: true, help: '' }],
  options: {
    detach: { short: 'd', help: '' },
    tty: { short: 't', help: '' },
    user: { short: 'u', value: 'USER', help: '' },
    env: { short: 'e', value: 'NAME=VALUE', multiple: true, help: '' },
  },
  trailing: { name: 'command', help: '' },
  run() {},
};
const run: CliCommand = { ...exec, name: 'vm run', positionals: [] };
const rm: CliCommand = {
  name: 'vm rm',
  summary: '',
  positionals: [{ name: 'vm', rest: true, required: true, help: '' }],
  run() {},
};
const choose: CliCommand = {
  ...rm,
  name: 'vm choose',
  positionals: [{ name: 'vm', rest: true, required: true, unless: ['filter', 'all'], help: '' }],
  options: { filter: { value: 'KIND=VALUE', multiple: true, help: '' }, all: { help: '' } },
};
const noArgs: CliCommand = { name: 'vm', summary: '', run() {} };
const commands = { exec, run, rm, choose, noArgs };
const base = { options: {}, trailing: [], help: false, json: false };

describe('what is taken', () => {
  test.each<[keyof typeof commands, string, object]>([
    ['exec', 'web', { ...base, positionals: { vm: 'web' } }],
    ['exec', 'web ls -la', { ...base, positionals: { vm: 'web' }, trailing: ['ls', '-la'] }],
    ['exec', 'web -- ls --json', { ...base, positionals: { vm: 'web' }, trailing: ['ls', '--json'] }],
    [
      'exec',
      'web git checkout -- f',
      { ...base, positionals: { vm: 'web' }, trailing: ['git', 'checkout', '--', 'f'] },
    ],
    [
      'exec',
      'web -td sh',
      { ...base, positionals: { vm: 'web' }, options: { tty: true, detach: true }, trailing: ['sh'] },
    ],
    ['exec', '-u root web id', { ...base, positionals: { vm: 'web' }, options: { user: 'root' }, trailing: ['id'] }],
    ['exec', '--user=-x web', { ...base, positionals: { vm: 'web' }, options: { user: '-x' } }],
    ['exec', '-e A=1 --env B=2 web', { ...base, positionals: { vm: 'web' }, options: { env: ['A=1', 'B=2'] } }],
    ['exec', '--help', { ...base, positionals: {}, options: { help: true }, help: true }],
    [
      'run',
      '--json -- a -- b',
      { ...base, positionals: {}, options: { json: true }, json: true, trailing: ['a', '--', 'b'] },
    ],
    ['run', '--', { ...base, positionals: {} }],
    ['rm', 'a b c', { ...base, positionals: { vm: ['a', 'b', 'c'] } }],
    ['choose', '--all', { ...base, positionals: { vm: [] }, options: { all: true } }],
    ['choose', '--filter a=b', { ...base, positionals: { vm: [] }, options: { filter: ['a=b'] } }],
    ['rm', 'a -- -b', { ...base, positionals: { vm: ['a', '-b'] } }],
  ])('%s: %s', (name, line, expected) => {
    expect(parseCommandLine(commands[name], line.split(' '))).toEqual(expected);
  });
});

describe('what is refused, with a way on', () => {
  test.each<[keyof typeof commands, string, string, string]>([
    ['exec', '', "'nook vm exec' needs VM.", 'See: nook vm exec --help'],
    ['exec', '--usr root web', "'nook vm exec' has no option --usr.", 'Did you mean --user?'],
    ['exec', '-x web', "'nook vm exec' has no option -x.", 'See: nook vm exec --help'],
    ['exec', 'web --user', '--user needs a value.', 'Write --user=USER.'],
    ['exec', '--user --tty web', '--user needs a value.', 'Write --user=USER.'],
    ['exec', '-u', '-u needs a value.', 'Write -uUSER.'],
    ['exec', '--tty=yes web', '--tty takes no value.', 'Write --tty alone.'],
    ['exec', '-u a -u b web', '-u was given twice.', 'Give it once.'],
    ['run', 'ls', "'nook vm run' does not take 'ls'.", 'Put -- before the command: nook vm run -- ls'],
    ['noArgs', 'a', "'nook vm' does not take 'a'.", 'See: nook vm --help'],
    ['rm', '', "'nook vm rm' needs VM.", 'See: nook vm rm --help'],
    ['choose', '', "'nook vm choose' needs VM.", 'See: nook vm choose --help'],
    ['rm', '--__proto__ a', "'nook vm rm' has no option --__proto__.", 'See: nook vm rm --help'],
    ['rm', '--constructor a', "'nook vm rm' has no option --constructor.", 'See: nook vm rm --help'],
  ])('%s: %s', (name, line, message, hint) => {
    const parse = () => parseCommandLine(commands[name], line === '' ? [] : line.split(' '));
    expect(parse).toThrow(expect.objectContaining({ name: 'UsageError', message, hint }));
  });
});
