import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bzImage, lz4, sized } from '../testing/bzimage-file.ts';
import { RELEASE, vmlinux } from '../testing/kernel-file.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { unpackLz4Legacy } from './lz4-legacy.ts';
import { writeVmlinux } from './write-vmlinux.ts';

/** The match after the literals goes back further than there is anything. */
function damaged(packed: Buffer): Buffer {
  const at = packed.indexOf(Buffer.from([4, 0, 255]));
  return packed.fill(0xff, at, at + 2);
}

const content = vmlinux();
const xz = spawnSync('xz', ['-c', '--check=crc32'], { input: content }).stdout;

const FACTS = {
  bytes: content.length,
  release: RELEASE,
  version: '#1 SMP Tue',
  built_in: ['virtio_mmio', 'virtio_blk', 'virtio_console', 'virtio_net', 'ext4'],
};

/** A kernel with its configuration in it, and strings that say something else. */
function configured(...options: readonly string[]): Buffer {
  const config = gzipSync(options.map((option) => `${option}\n`).join(''));
  return Buffer.concat([vmlinux(), Buffer.from('IKCFG_ST'), config, Buffer.from('IKCFG_ED')]);
}

test.each([
  ['as its code says', content, FACTS.built_in],
  [
    'as its configuration says, where it holds one',
    configured('CONFIG_VIRTIO_PCI=y', 'CONFIG_EXT4_FS=m', '# CONFIG_VIRTIO_BLK is not set'),
    ['virtio_pci'],
  ],
])('takes an uncompressed kernel, with what is built in %s', async (_name, image, built_in) => {
  await using dir = await tempDir();
  const [input, output] = [join(dir.path, 'input'), join(dir.path, 'vmlinux')];
  await writeFile(input, image);
  expect(await writeVmlinux(input, output)).toEqual({ ...FACTS, bytes: image.length, built_in });
  expect((await readFile(output)).equals(image)).toBe(true);
});

test.each([
  ['lz4', sized(lz4(content), content)],
  ['gzip', gzipSync(content)],
  ['zstd', sized(zstdCompressSync(content), content)],
  ['xz', sized(xz, content)],
])('takes a kernel packed with %s out of its bzImage', async (_name, payload) => {
  await using dir = await tempDir();
  const [input, output] = [join(dir.path, 'bzImage'), join(dir.path, 'vmlinux')];
  await writeFile(input, bzImage(payload));
  expect(await writeVmlinux(input, output)).toEqual(FACTS);
  expect((await readFile(output)).equals(content)).toBe(true);
});

test.each([
  ['no kernel at all', Buffer.from('#!/bin/sh\n'.repeat(200)), /cannot be unpacked: no boot sector/],
  ['a payload behind the end', bzImage(gzipSync(content)).subarray(0, 1700), /outside the file/],
  ['a damaged payload', bzImage(sized(damaged(lz4(content)), content)), /damaged lz4/],
  ['a kernel without PVH', bzImage(gzipSync(vmlinux({ noteType: 1 }))), /no PVH entry/],
  ['a kernel of another machine', vmlinux({ machine: 183 }), /not one for x86-64/],
  ['a program', vmlinux({ text: '' }), /does not say which version/],
  ['a release that would be a path', vmlinux({ text: 'Linux version ../../x (a) #1 SMP' }), /does not say which/],
  ['half a header', vmlinux().subarray(0, 40), /not one for x86-64/],
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
