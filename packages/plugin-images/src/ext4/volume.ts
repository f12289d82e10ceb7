// The parts of ext4's layout that matter here: https://docs.kernel.org/filesystems/ext4/index.html
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { NookError } from '@nook/daemonapi';
import { crc32c, crc32cOfNumber } from './crc32c.ts';

export const BLOCK = 4096;
const SUPERBLOCK_AT = 1024;
const DESCRIPTOR = 64;
const INODE_UNINIT = 1;
const BLOCK_UNINIT = 2;
const INODE_ZEROED = 4;

/** One block group: its descriptor, and its bitmaps once they were asked for. */
interface Group {
  readonly descriptor: Buffer;
  blocks: Buffer | undefined;
  inodes: Buffer | undefined;
}

/**
 * An empty ext4 that `mke2fs` has just made with 4 KiB blocks, 64-bit descriptors and a seed for checksums, open for being
 * filled. Nothing of it is valid again before {@link close}.
 */
export class Volume {
  readonly fd: number;
  readonly #super = Buffer.alloc(1024);
  readonly #groups: Group[] = [];
  readonly #total: number;
  readonly #perGroup: number;
  readonly inodesPerGroup: number;
  readonly inodeCount: number;
  /** What all checksums but the superblock's begin with. */
  readonly seed: number;
  /** Blocks of the volume's own that lie in groups whose bitmap is not written yet. */
  readonly #own: [number, number][] = [];

  constructor(path: string) {
    this.fd = openSync(path, 'r+');
    readSync(this.fd, this.#super, 0, 1024, SUPERBLOCK_AT);
    const s = this.#super;
    const size = fstatSync(this.fd).size;
    this.#total = s.readUInt32LE(4) + s.readUInt32LE(0x150) * 2 ** 32;
    this.#perGroup = s.readUInt32LE(0x20);
    this.inodesPerGroup = s.readUInt32LE(0x28);
    this.inodeCount = s.readUInt32LE(0);
    this.seed = s.readUInt32LE(0x270);
    const fits = s.readUInt16LE(0x38) === 0xef53 && s.readUInt32LE(0x18) === 2 && s.readUInt16LE(0xfe) === DESCRIPTOR;
    if (!fits || s.readUInt16LE(0x58) !== 256 || this.#total * BLOCK > size) {
      throw new NookError('operation_failed', 'mke2fs made a file system of a kind that nook does not fill.');
    }
    const count = Math.ceil(this.#total / this.#perGroup);
    const table = Buffer.alloc(count * DESCRIPTOR);
    readSync(this.fd, table, 0, table.length, BLOCK);
    for (let index = 0; index < count; index += 1) {
      const descriptor = table.subarray(index * DESCRIPTOR, (index + 1) * DESCRIPTOR);
      this.#groups.push({ descriptor, blocks: undefined, inodes: undefined });
      this.#own.push([wide(descriptor, 0x0), 1], [wide(descriptor, 0x4), 1]);
      this.#own.push([wide(descriptor, 0x8), (this.inodesPerGroup * 256) / BLOCK]);
      if (!hasBackup(index)) continue;
      const reserved = s.readUInt16LE(0xce);
      this.#own.push([index * this.#perGroup, 1 + Math.ceil(table.length / BLOCK) + reserved]);
    }
  }

  /** Number of blocks. */
  get size(): number {
    return this.#total;
  }

  isFree(block: number): boolean {
    const bitmap = this.#blocks(Math.floor(block / this.#perGroup));
    const bit = block % this.#perGroup;
    return ((bitmap[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0;
  }

  /** Marks blocks of one or more groups as taken, or as free again. */
  mark(first: number, count: number, taken: boolean): void {
    for (let block = first; block < first + count; block += 1) {
      const group = Math.floor(block / this.#perGroup);
      setBit(this.#blocks(group), block % this.#perGroup, taken);
      const { descriptor } = this.#groupAt(group);
      add(descriptor, [0xc, 0x2c], taken ? -1 : 1);
    }
    const free = this.#super.readUInt32LE(0xc) + this.#super.readUInt32LE(0x158) * 2 ** 32 + (taken ? -count : count);
    this.#super.writeUInt32LE(free % 2 ** 32, 0xc);
    this.#super.writeUInt32LE(Math.floor(free / 2 ** 32), 0x158);
  }

  isInodeFree(inode: number): boolean {
    const bit = (inode - 1) % this.inodesPerGroup;
    const bitmap = this.#inodes(Math.floor((inode - 1) / this.inodesPerGroup));
    return ((bitmap[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0;
  }

  takeInode(inode: number): void {
    const index = Math.floor((inode - 1) / this.inodesPerGroup);
    const bit = (inode - 1) % this.inodesPerGroup;
    const { descriptor } = this.#groupAt(index);
    setBit(this.#inodes(index), bit, true);
    add(descriptor, [0xe, 0x2e], -1);
    const unused = this.inodesPerGroup - bit - 1;
    if (unused < narrow(descriptor, [0x1c, 0x32])) put(descriptor, [0x1c, 0x32], unused);
    this.#super.writeUInt32LE(this.#super.readUInt32LE(0x10) - 1, 0x10);
  }

  countDirectory(inode: number): void {
    add(this.#groupAt(Math.floor((inode - 1) / this.inodesPerGroup)).descriptor, [0x10, 0x30], 1);
  }

  /** Byte of the volume at which an inode is. */
  inodeAt(inode: number): number {
    const { descriptor } = this.#groupAt(Math.floor((inode - 1) / this.inodesPerGroup));
    return wide(descriptor, 0x8) * BLOCK + ((inode - 1) % this.inodesPerGroup) * 256;
  }

  read(position: number, length: number): Buffer {
    const data = Buffer.alloc(length);
    readSync(this.fd, data, 0, length, position);
    return data;
  }

  write(data: Uint8Array, position: number): void {
    for (let done = 0; done < data.length; )
      done += writeSync(this.fd, data, done, data.length - done, position + done);
  }

  /** Writes bitmaps, descriptors and superblock, which then are valid. @param uuid 16 bytes: the file system's identity */
  finish(uuid: Buffer): void {
    for (const [index, group] of this.#groups.entries()) this.#finishGroup(index, group);
    this.write(Buffer.concat(this.#groups.map(({ descriptor }) => descriptor)), BLOCK);
    uuid.copy(this.#super, 0x68);
    uuid.copy(this.#super, 0xec);
    this.#super.writeUInt32LE(crc32c(0xffffffff, this.#super.subarray(0, 1020)), 1020);
    this.write(this.#super, SUPERBLOCK_AT);
  }

  close(): void {
    closeSync(this.fd);
  }

  #finishGroup(index: number, { descriptor, blocks, inodes }: Group): void {
    let flags = descriptor.readUInt16LE(0x12);
    // The file was new: all that was never written reads as zero.
    flags |= INODE_ZEROED;
    if (blocks !== undefined) {
      this.write(blocks, wide(descriptor, 0x0) * BLOCK);
      putChecksum(descriptor, [0x18, 0x38], crc32c(this.seed, blocks.subarray(0, this.#perGroup / 8)));
      flags &= ~BLOCK_UNINIT;
    }
    if (inodes !== undefined) {
      this.write(inodes, wide(descriptor, 0x4) * BLOCK);
      putChecksum(descriptor, [0x1a, 0x3a], crc32c(this.seed, inodes.subarray(0, this.inodesPerGroup / 8)));
      flags &= ~INODE_UNINIT;
    }
    descriptor.writeUInt16LE(flags, 0x12);
    descriptor.writeUInt16LE(0, 0x1e);
    descriptor.writeUInt16LE(crc32c(crc32cOfNumber(this.seed, index), descriptor) & 0xffff, 0x1e);
  }

  #blocks(index: number): Buffer {
    const group = this.#groupAt(index);
    group.blocks ??= this.#loadBlocks(index, group.descriptor);
    return group.blocks;
  }

  #loadBlocks(index: number, descriptor: Buffer): Buffer {
    if ((descriptor.readUInt16LE(0x12) & BLOCK_UNINIT) === 0) return this.read(wide(descriptor, 0x0) * BLOCK, BLOCK);
    const bitmap = Buffer.alloc(BLOCK);
    const first = index * this.#perGroup;
    const last = Math.min(first + this.#perGroup, this.#total);
    for (const [start, count] of this.#own) {
      for (let block = Math.max(start, first); block < Math.min(start + count, last); block += 1) {
        setBit(bitmap, block - first, true);
      }
    }
    for (let bit = last - first; bit < BLOCK * 8; bit += 1) setBit(bitmap, bit, true);
    return bitmap;
  }

  #inodes(index: number): Buffer {
    const group = this.#groupAt(index);
    if (group.inodes === undefined) {
      const { descriptor } = group;
      const unwritten = (descriptor.readUInt16LE(0x12) & INODE_UNINIT) !== 0;
      group.inodes = unwritten ? Buffer.alloc(BLOCK, 0xff) : this.read(wide(descriptor, 0x4) * BLOCK, BLOCK);
      if (unwritten) group.inodes.fill(0, 0, this.inodesPerGroup / 8);
    }
    return group.inodes;
  }

  #groupAt(index: number): Group {
    const group = this.#groups[index];
    if (group === undefined) throw new NookError('operation_failed', `There is no block group ${index}.`);
    return group;
  }
}

/** `sparse_super`: groups 0, 1 and the powers of 3, 5 and 7 carry copies of superblock and descriptors. */
function hasBackup(index: number): boolean {
  if (index < 2) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < index) power *= base;
    return power === index;
  });
}

function wide(descriptor: Buffer, low: number): number {
  return descriptor.readUInt32LE(low) + descriptor.readUInt32LE(low + 0x20) * 2 ** 32;
}

type Halves = readonly [number, number];

function narrow(descriptor: Buffer, [low, high]: Halves): number {
  return descriptor.readUInt16LE(low) + descriptor.readUInt16LE(high) * 2 ** 16;
}

function put(descriptor: Buffer, [low, high]: Halves, value: number): void {
  descriptor.writeUInt16LE(value & 0xffff, low);
  descriptor.writeUInt16LE(value >>> 16, high);
}

function putChecksum(descriptor: Buffer, halves: Halves, value: number): void {
  put(descriptor, halves, value);
}

function add(descriptor: Buffer, halves: Halves, change: number): void {
  put(descriptor, halves, narrow(descriptor, halves) + change);
}

function setBit(bitmap: Buffer, bit: number, value: boolean): void {
  const byte = bitmap[bit >> 3] ?? 0;
  bitmap[bit >> 3] = value ? byte | (1 << (bit & 7)) : byte & ~(1 << (bit & 7));
}
