import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { joinContributions } from './contribution.ts';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nook-'));
  path = join(folder, 'disk');
  await writeFile(path, '');
});
afterAll(() => rm(folder, { recursive: true }));

const drive = (more: object = {}) => ({ path, format: 'raw', read_only: true, serial: 'a', ...more });

it('joins what features add, in their order', async () => {
  const contributed = [
    { feature: 'a', value: { kernel_args: ['a=1', 'b'], drives: [drive()] } },
    { feature: 'b', value: {} },
    { feature: 'c', value: { kernel_args: ['c'], drives: [drive({ serial: 'c' })] } },
  ];
  expect(await joinContributions(contributed)).toEqual({
    kernel_args: ['a=1', 'b', 'c'],
    drives: [drive(), drive({ serial: 'c' })],
  });
});

const many = () => Array.from({ length: 6 }, (_, index) => drive({ serial: `d${index}` }));

const REFUSED: Readonly<Record<string, [value: () => unknown, because: RegExp]>> = {
  'no object': [() => 'drives', /"drives" is no object/],
  'a field that nobody knows': [() => ({ devices: [] }), /nothing is known of 'devices'/],
  'a list that is none': [() => ({ drives: {} }), /are lists/],
  'two words in one': [() => ({ kernel_args: ['quiet init=/bin/sh'] }), /is not a word for the kernel/],
  'a word with a quote': [() => ({ kernel_args: ['a="b'] }), /is not a word for the kernel/],
  'a word with a line break': [() => ({ kernel_args: ['a\nb'] }), /is not a word for the kernel/],
  'too many words': [() => ({ kernel_args: ['x'.repeat(1025)] }), /by more than 1024 characters/],
  'a field of a drive that nobody knows': [
    () => ({ drives: [drive({ cache: 'none' })] }),
    /nothing is known of 'cache'/,
  ],
  'a relative path': [() => ({ drives: [drive({ path: 'disk' })] }), /is not an absolute path/],
  'a format to be guessed': [() => ({ drives: [drive({ format: undefined })] }), /is not a format/],
  'a drive that does not say whether it is written to': [() => ({ drives: [drive({ read_only: 1 })] }), /read_only/],
  'a serial with a comma': [() => ({ drives: [drive({ serial: 'a,b' })] }), /is not a serial/],
  'a serial of another drive': [() => ({ drives: [drive(), drive()] }), /there is a drive 'a' already/],
  'a file that is not there': [() => ({ drives: [drive({ path: '/no/such' })] }), /is not there/],
  'a folder': [() => ({ drives: [drive({ path: folder })] }), /is no regular file/],
  'more drives than a machine takes': [() => ({ drives: many() }), /at most 5 drives more/],
};

it.each(Object.entries(REFUSED))('refuses %s, and names the feature', async (_what, [value, because]) => {
  const refused = joinContributions([{ feature: 'acme', value: value() }]);
  await expect(refused).rejects.toMatchObject({ code: 'operation_failed', details: { feature: 'acme' } });
  await expect(refused).rejects.toThrow(because);
  await expect(refused).rejects.toThrow("Feature 'acme' cannot add to the machine");
});
