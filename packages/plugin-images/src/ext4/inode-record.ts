import type { Inode, InodeType } from '../layers/tree.ts';
import { crc32c } from './crc32c.ts';

const INODE_SIZE = 256;
const EXTENTS = 0x80000;

export const FILE_TYPE: Readonly<Record<InodeType, { readonly mode: number; readonly entry: number }>> = {
  file: { mode: 0o100000, entry: 1 },
  directory: { mode: 0o040000, entry: 2 },
  character: { mode: 0o020000, entry: 3 },
  block: { mode: 0o060000, entry: 4 },
  fifo: { mode: 0o010000, entry: 5 },
  symlink: { mode: 0o120000, entry: 7 },
};

export interface InodeFacts {
  readonly links: number;
  readonly size: number;
  /** Blocks of 4 KiB, also those of the extents' tree and of attributes. */
  readonly blocks: number;
  /** What stands in its 60 bytes, and whether that is a tree of extents. */
  readonly area: Buffer;
  readonly extents: boolean;
  readonly xattrs: Buffer;
  /** Block of attributes; 0 when there is none. */
  readonly xattrBlock: number;
  /** What the checksum begins with. */
  readonly seed: number;
}

/** An inode as the table has it. */
export function inodeRecord(inode: Inode, facts: InodeFacts): Buffer {
  const record = Buffer.alloc(INODE_SIZE);
  const { uid, gid, mtime, nanoseconds } = inode;
  const sectors = facts.blocks * 8;
  record.writeUInt16LE(FILE_TYPE[inode.type].mode | inode.mode, 0x0);
  record.writeUInt16LE(uid & 0xffff, 0x2);
  record.writeUInt32LE(facts.size % 2 ** 32, 0x4);
  for (const at of [0x8, 0xc, 0x10, 0x90]) record.writeInt32LE(Number(BigInt.asIntN(32, BigInt(mtime))), at);
  record.writeUInt16LE(gid & 0xffff, 0x18);
  record.writeUInt16LE(facts.links, 0x1a);
  record.writeUInt32LE(sectors % 2 ** 32, 0x1c);
  record.writeUInt32LE(facts.extents ? EXTENTS : 0, 0x20);
  facts.area.copy(record, 0x28, 0, 60);
  record.writeUInt32LE(facts.xattrBlock % 2 ** 32, 0x68);
  record.writeUInt32LE(Math.floor(facts.size / 2 ** 32), 0x6c);
  record.writeUInt16LE(Math.floor(sectors / 2 ** 32), 0x74);
  record.writeUInt16LE(Math.floor(facts.xattrBlock / 2 ** 32), 0x76);
  record.writeUInt16LE(uid >>> 16, 0x78);
  record.writeUInt16LE(gid >>> 16, 0x7a);
  record.writeUInt16LE(32, 0x80);
  // Two bits beyond the 32 of the seconds, then nanoseconds.
  const epoch = Math.floor((mtime + 2 ** 31) / 2 ** 32) & 3;
  for (const at of [0x84, 0x88, 0x8c, 0x94]) record.writeUInt32LE(nanoseconds * 4 + epoch, at);
  facts.xattrs.copy(record, 0xa0);
  const checksum = crc32c(facts.seed, record);
  record.writeUInt16LE(checksum & 0xffff, 0x7c);
  record.writeUInt16LE(checksum >>> 16, 0x82);
  return record;
}

/** The number of a device as the 60 bytes of its inode hold it. */
export function deviceArea(major: number, minor: number): Buffer {
  const area = Buffer.alloc(60);
  if (major < 256 && minor < 256) area.writeUInt32LE(major * 256 + minor, 0);
  else area.writeUInt32LE(((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0, 4);
  return area;
}
