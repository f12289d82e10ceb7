import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { copyTouched } from './copy-memory.ts';

it('takes over exactly the pages that a process wrote to', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'nook-memory-'));
  const base = join(dir, 'base');
  const copy = join(dir, 'copy');
  const size = 16 * 4096;
  await writeFile(base, Buffer.alloc(size, 'b'));
  await copyFile(base, copy);
  const writer = join(dir, 'writer');
  await promisify(execFile)('musl-gcc', ['-o', writer, join(import.meta.dirname, 'private-writer.fixture.c')]);
  const child = spawn(writer, [base], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const stretch = { address: Number(line.toString()), size };
    const copied = copyTouched(child.pid as number, stretch, { file: copy, empty: false });
    expect(copied).toBe(2 * 4096);
    const expected = Buffer.alloc(size, 'b');
    expected.write('three', 4096 * 3);
    expected.write('nine', 4096 * 9 + 1);
    expect((await readFile(copy)).equals(expected)).toBe(true);
    expect((await readFile(base)).equals(Buffer.alloc(size, 'b'))).toBe(true);

    const zeros = join(dir, 'zeros');
    await writeFile(zeros, Buffer.alloc(size));
    copyTouched(child.pid as number, stretch, { file: zeros, empty: true });
    expect(
      (await readFile(zeros)).equals(
        Buffer.from(expected.toString('latin1').replaceAll(/b{4096}/g, '\0'.repeat(4096)), 'latin1'),
      ),
    ).toBe(true);
  } finally {
    child.stdin.end();
    await once(child, 'exit');
    await rm(dir, { recursive: true });
  }
});
