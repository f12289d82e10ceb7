import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SealedMemory } from './sealed-memory.ts';

it('holds what the file holds, and takes no write', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'nook-sealed-'));
  const file = join(dir, 'memory');
  const sealed = new SealedMemory();
  try {
    await writeFile(file, 'what was saved');
    await truncate(file, 1024 * 1024);
    const path = await sealed.path('one', file);
    expect(await sealed.path('one', file)).toBe(path);
    const fd = openSync(path, 'r+');
    const read = Buffer.alloc(14);
    readSync(fd, read, 0, 14, 0);
    expect(read.toString()).toBe('what was saved');
    expect(() => writeSync(fd, 'x', 0)).toThrow(/EPERM/);
    closeSync(fd);
    await sealed.keep([]);
    expect(() => openSync(path, 'r')).toThrow(/ENOENT/);
  } finally {
    await sealed.keep([]);
    await rm(dir, { recursive: true });
  }
});
