import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { archivePath } from './archive-path.ts';

test('- is a copy of stdin, which goes afterwards', async () => {
  let kept = '';
  {
    await using archive = await archivePath('-', Readable.from([Buffer.from('a '), Buffer.from('tar')]));
    kept = archive.path;
    expect(await readFile(kept, 'utf8')).toBe('a tar');
  }
  expect(existsSync(kept)).toBe(false);
});

test('a file is made absolute and stays', async () => {
  const path = import.meta.filename;
  {
    await using archive = await archivePath(path);
    expect(archive.path).toBe(path);
  }
  expect(existsSync(path)).toBe(true);
});
