import { type FileHandle, open } from 'node:fs/promises';
import { NookError } from '@nook/daemonapi';
import { isSuperblock, SUPERBLOCK_AT, SUPERBLOCK_SIZE } from '../ext4/superblock.ts';
import { isTarHeader } from '../unpack/tar-header.ts';
import { type Partition, partitionsOf, TABLE_SIZE } from './partitions.ts';
import { checkQcow2, isQcow2 } from './qcow2-header.ts';

/** A disk's image in a file. */
export type DiskFile =
  | {
      readonly format: 'raw';
      /** The part of it that is the file system, in bytes. */
      readonly part: Partition;
      /** Whether that is not all of it. */
      readonly partitioned: boolean;
    }
  | {
      readonly format: 'qcow2';
      /** Of the disk in it, as it says. */
      readonly bytes: number;
    };

/** Other disks, by their first bytes. */
const OTHERS: readonly (readonly [string, string])[] = [
  ['KDMV', 'VMDK'],
  ['# Disk DescriptorFile', 'VMDK'],
  ['vhdxfile', 'VHDX'],
  ['conectix', 'VHD'],
  ['<<< ', 'VDI'],
];

/**
 * Tells whether a file is a disk's image, by its content; undefined when it is none.
 * @throws NookError `bad_request` for a disk that cannot be an image
 */
export async function lookAtDisk(path: string): Promise<DiskFile | undefined> {
  await using file = await open(path);
  const { size } = await file.stat();
  const begin = await read(file, 0, TABLE_SIZE);
  if (isQcow2(begin)) return { format: 'qcow2', bytes: checkQcow2(begin) };
  if (begin.length >= 512 && isTarHeader(begin.subarray(0, 512))) return undefined;
  if (isSuperblock(begin.subarray(SUPERBLOCK_AT))) {
    return { format: 'raw', part: { start: 0, length: size }, partitioned: false };
  }
  const [, other] = OTHERS.find(([magic]) => begin.toString('latin1', 0, magic.length) === magic) ?? [];
  if (other !== undefined) {
    throw new NookError('bad_request', `The file is a disk in the format ${other}, which nook does not read.`, {
      hint: 'Convert it: qemu-img convert -O qcow2 DISK DISK.qcow2',
    });
  }
  const partitions = partitionsOf(begin, size);
  return partitions === undefined
    ? undefined
    : { format: 'raw', part: await root(file, partitions), partitioned: true };
}

/** The one partition that has an ext4. */
async function root(file: FileHandle, partitions: readonly Partition[]): Promise<Partition> {
  const found: Partition[] = [];
  for (const partition of partitions) {
    const bytes = await read(file, partition.start + SUPERBLOCK_AT, SUPERBLOCK_SIZE);
    if (isSuperblock(bytes)) found.push(partition);
  }
  const [only, ...more] = found;
  if (only !== undefined && more.length === 0) return only;
  const what = only === undefined ? 'no partition with an ext4' : `${found.length} partitions with an ext4`;
  throw new NookError('bad_request', `The disk has ${what}; nook takes a disk that has one.`, {
    hint: 'Take the partition that is the root out of it, e.g. with: dd if=DISK of=root.raw bs=512 skip=START count=SECTORS (see: fdisk -l DISK)',
  });
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), { position });
  return buffer.subarray(0, bytesRead);
}
