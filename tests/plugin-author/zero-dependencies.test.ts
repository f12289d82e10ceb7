import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importsOf } from '../../tools/boundaries/imports-of.ts';

const PACKAGE = join(import.meta.dirname, '../../packages/daemonapi');

test('daemonapi depends on no package, of no kind', async () => {
  const manifest = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')) as Record<string, unknown>;
  const kinds = Object.keys(manifest).filter((key) => /dependencies/i.test(key));
  expect(kinds).toEqual([]);
});

test('daemonapi imports its own files, and types of Node at most', async () => {
  const files = (await readdir(join(PACKAGE, 'src'), { recursive: true })).filter((file) => /\.[cm]?[jt]s$/.test(file));
  expect(files.length).toBeGreaterThan(10);
  const foreign: string[] = [];
  for (const file of files) {
    for (const { specifier, typeOnly } of importsOf(file, await readFile(join(PACKAGE, 'src', file), 'utf8'))) {
      const allowed = specifier.startsWith('./') || (specifier.startsWith('node:') && typeOnly);
      if (!allowed) foreign.push(`${file} imports '${specifier}'`);
    }
  }
  expect(foreign).toEqual([]);
});
