import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diskEntries } from '../export/entries.ts';
import { Ext4Reader } from '../ext4/reader.ts';
import { readSuperblock } from '../ext4/superblock.ts';
import { poke, rawDisk } from '../testing/disk-files.ts';
import { changes, effort, FUZZ_LIMIT_MS, mutated, typed } from '../testing/fuzzing.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { run } from '../testing/umoci.ts';
import { partitionsOf } from './partitions.ts';
import { checkQcow2, isQcow2 } from './qcow2-header.ts';

test('headers of qcow2, tables of partitions, superblocks', { timeout: FUZZ_LIMIT_MS }, async () => {
  await using dir = await tempDir();
  const disk = rawDisk(dir.path);
  run('qemu-img', 'create', '-q', '-f', 'qcow2', join(dir.path, 'q'), '1M');
  const qcow2 = readFileSync(join(dir.path, 'q')).subarray(0, 512);
  const superblock = readFileSync(disk).subarray(1024, 2048);
  const table = Buffer.alloc(64 * 1024);
  table.writeUInt16LE(0xaa55, 510);
  table[450] = 0xee;
  table.write('EFI PART', 512, 'latin1');
  table.writeUInt32LE(128, 512 + 84);
  fc.assert(
    fc.property(changes(512), changes(1024), changes(2048), (inQcow2, inSuperblock, inTable) => {
      const header = mutated(qcow2, inQcow2);
      const found = partitionsOf(mutated(table, inTable), 2 ** 30) ?? [];
      expect(found.every(({ start, length }) => start + length <= 2 ** 30)).toBe(true);
      return (
        typed(() => isQcow2(header) && checkQcow2(header)) &&
        typed(() => readSuperblock(mutated(superblock, inSuperblock), 2 ** 24))
      );
    }),
    effort,
  );
});

test('an ext4 that is exported', { timeout: FUZZ_LIMIT_MS }, async () => {
  await using dir = await tempDir();
  const disk = rawDisk(dir.path, '-b', '1024', '-N', '32', '-J', 'size=1');
  const good = readFileSync(disk);
  // Where descriptors, inodes and directories are: further on there is the content of files.
  const interesting = 200 * 1024;
  fc.assert(
    fc.property(changes(interesting), (edits) => {
      const kept = edits.map(([at]) => [at, good.subarray(at, at + 1)] as const);
      poke(disk, ...edits.map(([at, byte]) => [at, Buffer.from([byte])] as const));
      const answer = typed(() => {
        const reader = new Ext4Reader(disk);
        try {
          for (const entry of diskEntries(reader)) expect(entry.item.name).toBeTypeOf('string');
        } finally {
          reader.close();
        }
      });
      poke(disk, ...kept);
      return answer;
    }),
    effort,
  );
  writeFileSync(disk, good);
});
