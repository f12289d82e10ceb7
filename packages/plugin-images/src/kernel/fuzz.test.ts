import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bzImage, lz4, sized } from '../testing/bzimage-file.ts';
import { assertTyped, changes, FUZZ_LIMIT_MS, mutated } from '../testing/fuzzing.ts';
import { vmlinux } from '../testing/kernel-file.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { writeVmlinux } from './write-vmlinux.ts';

/** What is looked at of a kernel: more of it is content. */
const HEADS = 2048;

test('kernels, plain and packed', { timeout: FUZZ_LIMIT_MS }, async () => {
  await using dir = await tempDir();
  const content = vmlinux();
  const packed = [gzipSync(content), sized(lz4(content), content), sized(zstdCompressSync(content), content)];
  const goods = [content, ...packed.map(bzImage)];
  const [image, output] = [join(dir.path, 'image'), join(dir.path, 'vmlinux')];
  const cut = fc.option(fc.nat(HEADS), { freq: 8 });
  await assertTyped(fc.tuple(fc.constantFrom(...goods), changes(HEADS), cut), async ([good, edits, end]) => {
    const bytes = mutated(good, edits).subarray(0, end ?? good.length);
    writeFileSync(image, bytes);
    try {
      const { release } = await writeVmlinux(image, output);
      expect(release).toMatch(/^[\w.+~-]+$/);
    } finally {
      rmSync(output, { force: true });
    }
  });
});
