import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { copyTouched } from './copy-memory.ts';

const PAGE = 4096;

/** What the writer makes of it. */
function memoryOver(memory: Buffer): Buffer {
  memory.write('three', PAGE * 3);
  memory.write('nine', PAGE * 9 + 1);
  return memory.fill(0, PAGE * 12, PAGE * 13);
}

it('takes over exactly the pages that a process wrote to', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'nook-memory-'));
  const base = join(dir, 'base');
  const copy = join(dir, 'copy');
  const size = 16 * PAGE;
  await writeFile(base, Buffer.alloc(size, 'b'));
  await copyFile(base, copy);
  const writer = join(dir, 'writer');
  await promisify(execFile)('musl-gcc', ['-o', writer, join(import.meta.dirname, 'private-writer.fixture.c')]);
  const child = spawn(writer, [base], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const stretch = { address: Number(line.toString()), size };
    const copied = copyTouched(child.pid as number, stretch, { file: copy, empty: false });
    expect(copied).toBe(3 * PAGE);
    expect((await readFile(copy)).equals(memoryOver(Buffer.alloc(size, 'b')))).toBe(true);
    expect((await readFile(base)).equals(Buffer.alloc(size, 'b'))).toBe(true);

    const zeros = join(dir, 'zeros');
    await writeFile(zeros, Buffer.alloc(size));
    expect(copyTouched(child.pid as number, stretch, { file: zeros, empty: true })).toBe(2 * PAGE);
    const found = await readFile(zeros);
    const expected = memoryOver(Buffer.alloc(size, 'b'));
    for (const at of [3 * PAGE, 9 * PAGE])
      expect(found.subarray(at, at + PAGE)).toEqual(expected.subarray(at, at + PAGE));
    expect(found.subarray(12 * PAGE).equals(Buffer.alloc(4 * PAGE))).toBe(true);
  } finally {
    child.stdin.end();
    await once(child, 'exit');
    await rm(dir, { recursive: true });
  }
});
