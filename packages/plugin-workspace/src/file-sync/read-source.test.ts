import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSource, targetOf } from './read-source.ts';

const dir = mkdtempSync(join(tmpdir(), 'nook-file-sync-'));
const home = join(dir, 'home');
mkdirSync(join(home, 'sub'), { recursive: true });
writeFileSync(join(home, 'mine'), 'mine');
writeFileSync(join(dir, 'other'), 'nobody is to see this');
symlinkSync(join(home, 'mine'), join(home, 'inside'));
symlinkSync(join(dir, 'other'), join(home, 'outside'));
symlinkSync(dir, join(home, 'up'));
writeFileSync(join(home, 'large'), Buffer.alloc(1024 ** 2 + 1));
afterAll(() => rmSync(dir, { recursive: true }));

test.each([
  ['~/mine', 'mine'],
  ['~/inside', 'mine'],
  [join(dir, 'other'), 'nobody is to see this'],
])('%s is read', async (source, text) => {
  expect(await readSource({ source }, home)).toEqual({ bytes: Buffer.from(text) });
});

test.each([
  ['~/outside', /leads out of/],
  ['~/up/other', /leads out of/],
  ['~/none', /is not there/],
  ['~/sub', /is no file/],
  ['~/large', /more than 1024 KiB/],
  ['/dev/zero', /is no file/],
])('%s stays here', async (source, why) => {
  expect(await readSource({ source }, home)).toEqual({ why: expect.stringMatching(why) });
});

test('a file goes where it is, or where it is told to', () => {
  expect(targetOf({ source: '~/.gitconfig' }, home)).toBe('/root/.gitconfig');
  expect(targetOf({ source: join(home, 'a/b') }, home)).toBe('/root/a/b');
  expect(targetOf({ source: '/etc/hosts' }, home)).toBe('/etc/hosts');
  expect(targetOf({ source: '~/x', target: '/srv/x' }, home)).toBe('/srv/x');
});
