import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { tempDir } from '../testing/temp-dir.ts';
import { unpackLz4Legacy } from './lz4-legacy.ts';
import { writeVmlinux } from './write-vmlinux.ts';

/** An ELF with nothing but a PVH note, and some bytes that repeat. */
function elf(noteType = 18): Buffer {
  const note = Buffer.alloc(20);
  note.writeUInt32LE(4, 0);
  note.writeUInt32LE(4, 4);
  note.writeUInt32LE(noteType, 8);
  note.write('Xen\0', 12, 'latin1');
  const header = Buffer.alloc(64 + 56);
  header.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(4, 64);
  header.writeBigUInt64LE(120n, 64 + 8);
  header.writeBigUInt64LE(20n, 64 + 32);
  return Buffer.concat([header, note, Buffer.from('nook'.repeat(5000))]);
}

function bzImage(payload: Buffer): Buffer {
  const image = Buffer.alloc(3 * 512 + 64);
  image[0x1f1] = 2;
  image.writeUInt16LE(0xaa55, 0x1fe);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(0x20f, 0x206);
  image.writeUInt32LE(64, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([image, payload, Buffer.alloc(100)]);
}

function sized(packed: Buffer, content: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return Buffer.concat([packed, size]);
}

/** All as literals but the repeating end, which is one match that overlaps itself. */
function lz4(content: Buffer): Buffer {
  const literals = 144;
  const lengthBytes = (value: number) => {
    const bytes: number[] = [];
    for (let left = value; left >= 0; left -= 255) bytes.push(Math.min(left, 255));
    return bytes;
  };
  const match = content.length - literals - 5;
  const tail = content.subarray(-5);
  const block = Buffer.concat([
    Buffer.from([0xff, ...lengthBytes(literals - 15)]),
    content.subarray(0, literals),
    Buffer.from([4, 0, ...lengthBytes(match - 4 - 15)]),
    Buffer.from([5 << 4]),
    tail,
  ]);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184c2102, 0);
  head.writeUInt32LE(block.length, 4);
  return Buffer.concat([head, block]);
}

const content = elf();
const xz = spawnSync('xz', ['-c', '--check=crc32'], { input: content }).stdout;

test.each([
  ['lz4', sized(lz4(content), content)],
  ['gzip', gzipSync(content)],
  ['zstd', sized(zstdCompressSync(content), content)],
  ['xz', sized(xz, content)],
])('takes a kernel packed with %s out of its bzImage', async (_name, payload) => {
  await using dir = await tempDir();
  const [input, output] = [join(dir.path, 'bzImage'), join(dir.path, 'vmlinux')];
  await writeFile(input, bzImage(payload));
  expect(await writeVmlinux(input, output)).toEqual({ bytes: content.length });
  expect((await readFile(output)).equals(content)).toBe(true);
});

test.each([
  ['no kernel at all', Buffer.from('#!/bin/sh\n'.repeat(200)), /cannot be unpacked: no boot sector/],
  ['a payload behind the end', bzImage(gzipSync(content)).subarray(0, 1700), /outside the file/],
  ['a damaged payload', bzImage(sized(lz4(content).fill(0xff, 154, 156), content)), /damaged lz4/],
  ['a kernel without PVH', bzImage(gzipSync(elf(1))), /no PVH entry/],
])('refuses %s', async (_name, image, message) => {
  await using dir = await tempDir();
  const input = join(dir.path, 'bzImage');
  await writeFile(input, image);
  await expect(writeVmlinux(input, join(dir.path, 'vmlinux'))).rejects.toThrow(message);
});

test('lz4 that unpacks to another size than it says is refused', () => {
  expect(() => unpackLz4Legacy(lz4(content), content.length - 1)).toThrow(RangeError);
  expect(() => unpackLz4Legacy(lz4(content), content.length + 1)).toThrow(RangeError);
});
