import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from './temp-dir.fixture.ts';
import { writeFileAtomic } from './write-file-atomic.ts';

test('replaces a file, privately, and leaves nothing else', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'a.json');
  await writeFileAtomic(path, 'one');
  await writeFileAtomic(path, Buffer.from('two'));
  expect(await readFile(path, 'utf8')).toBe('two');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(dir.path)).toEqual(['a.json']);
});

test('a failure leaves nothing behind', async () => {
  await using dir = await tempDir();
  await mkdir(join(dir.path, 'taken', 'full'), { recursive: true });
  await expect(writeFileAtomic(join(dir.path, 'taken'), 'x')).rejects.toThrow();
  expect(await readdir(dir.path)).toEqual(['taken']);
});
