// https://docs.kernel.org/filesystems/ext4/dynamic.html
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Extent } from '../layers/disk-content.ts';
import { archiveError } from '../unpack/archive-error.ts';
import { extentsOf, mappedBlocks } from './read-extents.ts';
import { readXattrs } from './read-xattrs.ts';
import { readSuperblock, SUPERBLOCK_AT, SUPERBLOCK_SIZE, type Superblock } from './superblock.ts';

export const ROOT_INODE = 2;
const META_GROUPS = 0x10;
const HAS_EXTENTS = 0x80000;
const INLINE = 0x10000000;
const FAST_LINK = 60;
const OLD_INODE = 128;
const HINT = 'Look at the disk: e2fsck -fn DISK';

export interface DiskInode {
  readonly number: number;
  /** With the kind of file in its upper bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since the epoch, and nanoseconds beyond them. */
  readonly mtime: number;
  readonly nanoseconds: number;
  readonly links: number;
  readonly flags: number;
  /** The 60 bytes that say where its content is, or are it. */
  readonly area: Buffer;
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

/** Reads an ext4 that has been checked, and trusts it no further than that nothing is read beyond its end. */
export class Ext4Reader {
  readonly #fd: number;
  readonly #bytes: number;
  readonly #super: Superblock;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    const head = Buffer.alloc(SUPERBLOCK_SIZE);
    readSync(this.#fd, head, 0, SUPERBLOCK_SIZE, SUPERBLOCK_AT);
    this.#bytes = fstatSync(this.#fd).size;
    this.#super = readSuperblock(head, this.#bytes);
    if ((this.#super.features & META_GROUPS) !== 0) {
      throw archiveError(
        'The disk has groups of block groups (meta_bg), which cannot be exported as files.',
        'Export it as qcow2.',
      );
    }
  }

  get blockSize(): number {
    return this.#super.blockSize;
  }

  close(): void {
    closeSync(this.#fd);
  }

  inode(number: number): DiskInode {
    const { inodes, inodesPerGroup, inodeSize, descriptorSize, firstBlock, blockSize } = this.#super;
    if (number < 1 || number > inodes) throw archiveError('The disk is damaged: an entry leads to no inode.', HINT);
    const group = Math.floor((number - 1) / inodesPerGroup);
    const descriptor = this.read((firstBlock + 1) * blockSize + group * descriptorSize, descriptorSize);
    const table = descriptor.readUInt32LE(8) + (descriptorSize > 32 ? descriptor.readUInt32LE(0x28) * 2 ** 32 : 0);
    const record = this.read(table * blockSize + ((number - 1) % inodesPerGroup) * inodeSize, inodeSize);
    const extra = inodeSize > OLD_INODE ? record.readUInt16LE(0x80) : 0;
    const time = extra >= 12 ? record.readUInt32LE(0x88) : 0;
    return {
      number,
      mode: record.readUInt16LE(0),
      uid: record.readUInt16LE(2) + record.readUInt16LE(0x78) * 2 ** 16,
      gid: record.readUInt16LE(0x18) + record.readUInt16LE(0x7a) * 2 ** 16,
      size: record.readUInt32LE(4) + record.readUInt32LE(0x6c) * 2 ** 32,
      mtime: record.readInt32LE(0x10) + (time & 3) * 2 ** 32,
      nanoseconds: time >>> 2,
      links: record.readUInt16LE(0x1a),
      flags: record.readUInt32LE(0x20),
      area: record.subarray(0x28, 0x28 + 60),
      xattrs: this.#xattrs(record, OLD_INODE + extra),
    };
  }

  /** Where the content of a file or directory is. */
  extents({ area, flags }: DiskInode): Extent[] {
    if ((flags & INLINE) !== 0) {
      throw archiveError(
        'The disk keeps content in inodes (inline_data), which cannot be exported as files.',
        'Export it as qcow2.',
      );
    }
    const read = (block: number) => this.read(block * this.blockSize, this.blockSize);
    return (flags & HAS_EXTENTS) !== 0 ? extentsOf(area, read) : mappedBlocks(area, read, this.blockSize);
  }

  /** Names, latin-1, with their inodes; but for the directory itself and the one above it. */
  directory(inode: DiskInode): Map<string, number> {
    const found = new Map<string, number>();
    for (const { physical, blocks } of this.extents(inode)) {
      for (let index = 0; index < blocks; index += 1) {
        const block = this.read((physical + index) * this.blockSize, this.blockSize);
        for (let at = 0; at < block.length; ) {
          const [length, nameLength] = [block.readUInt16LE(at + 4), block[at + 6] ?? 0];
          if (length < 8 || length % 4 !== 0 || at + length > block.length || 8 + nameLength > length) {
            throw archiveError('The disk is damaged: a directory cannot be read.', HINT);
          }
          const name = block.toString('latin1', at + 8, at + 8 + nameLength);
          if (block.readUInt32LE(at) !== 0 && !['', '.', '..'].includes(name)) found.set(name, block.readUInt32LE(at));
          at += length;
        }
      }
    }
    return found;
  }

  link(inode: DiskInode): string {
    if (inode.size < FAST_LINK && (inode.flags & HAS_EXTENTS) === 0)
      return inode.area.toString('latin1', 0, inode.size);
    const [first] = this.extents(inode);
    if (first === undefined || inode.size > this.blockSize)
      throw archiveError('The disk is damaged: a link has no target.', HINT);
    return this.read(first.physical * this.blockSize, inode.size).toString('latin1');
  }

  read(position: number, length: number): Buffer {
    if (position + length > this.#bytes) {
      throw archiveError('The disk is damaged: something of it lies beyond its end.', HINT);
    }
    const data = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const bytes = readSync(this.#fd, data, done, length - done, position + done);
      if (bytes === 0) throw archiveError('The disk was cut off while it was read.', HINT);
      done += bytes;
    }
    return data;
  }

  #xattrs(record: Buffer, from: number): ReadonlyMap<string, Buffer> {
    const inside = from < record.length ? readXattrs(record.subarray(from), false) : [];
    const block = record.readUInt32LE(0x68) + record.readUInt16LE(0x76) * 2 ** 32;
    const outside = block === 0 ? [] : readXattrs(this.read(block * this.blockSize, this.blockSize), true);
    return new Map([...inside, ...outside]);
  }
}
