// https://docs.kernel.org/filesystems/ext4/super.html
import { NookError } from '@nook/daemonapi';

export const SUPERBLOCK_AT = 1024;
export const SUPERBLOCK_SIZE = 1024;
const MAGIC = 0xef53;
/** What a guest's kernel mounts on x86, whose pages are of 4 KiB. */
const MAX_LOG_BLOCK = 2;
const JOURNAL_INODE = 8;

const HAS_JOURNAL = 0x4;
const NEEDS_RECOVERY = 0x4;
const WIDE = 0x80;
/** Features that a kernel must know to mount it at all, and a guest's does: what else there is needs keys, another disk, or more. */
const KNOWN: Readonly<Record<string, number>> = {
  filetype: 0x2,
  recover: NEEDS_RECOVERY,
  meta_bg: 0x10,
  extent: 0x40,
  '64bit': WIDE,
  flex_bg: 0x200,
  ea_inode: 0x400,
  csum_seed: 0x2000,
  large_dir: 0x4000,
  inline_data: 0x8000,
};
const ALL_KNOWN = Object.values(KNOWN).reduce((all, one) => all | one, 0);

export interface Superblock {
  readonly blockSize: number;
  readonly blocks: number;
  /** Number of the first block that groups count from: 1 with blocks of 1 KiB. */
  readonly firstBlock: number;
  readonly blocksPerGroup: number;
  readonly inodes: number;
  readonly inodesPerGroup: number;
  readonly inodeSize: number;
  readonly descriptorSize: number;
  /** As the field of incompatible features has it. */
  readonly features: number;
  /** It was not unmounted: the journal holds what the file system lacks. */
  readonly needsRecovery: boolean;
}

/** Whether the 1024 bytes at byte 1024 of a disk say that it is an ext2, ext3 or ext4. */
export function isSuperblock(bytes: Buffer): boolean {
  return bytes.length >= SUPERBLOCK_SIZE && bytes.readUInt16LE(0x38) === MAGIC;
}

/**
 * Reads a superblock, and believes nothing that cannot be.
 * @param diskBytes size of the disk that it is on
 * @throws NookError `bad_request`
 */
export function readSuperblock(bytes: Buffer, diskBytes: number): Superblock {
  if (!isSuperblock(bytes)) throw lies('there is no ext4 on it');
  const features = bytes.readUInt32LE(0x60);
  const wide = (features & WIDE) !== 0;
  const logBlock = bytes.readUInt32LE(0x18);
  if (logBlock > MAX_LOG_BLOCK) throw lies(`its blocks are larger than 4 KiB (2^${logBlock + 10})`);
  const blockSize = 1024 << logBlock;
  const blocks = bytes.readUInt32LE(0x4) + (wide ? bytes.readUInt32LE(0x150) * 2 ** 32 : 0);
  const found: Superblock = {
    ...{ blockSize, blocks, features },
    firstBlock: bytes.readUInt32LE(0x14),
    blocksPerGroup: bytes.readUInt32LE(0x20),
    inodes: bytes.readUInt32LE(0x0),
    inodesPerGroup: bytes.readUInt32LE(0x28),
    inodeSize: bytes.readUInt32LE(0x4c) === 0 ? 128 : bytes.readUInt16LE(0x58),
    descriptorSize: wide ? bytes.readUInt16LE(0xfe) : 32,
    needsRecovery: (features & NEEDS_RECOVERY) !== 0,
  };
  if (blocks * blockSize > diskBytes) {
    throw lies(`it says that it has ${blocks * blockSize} bytes; the disk has ${diskBytes}`);
  }
  checkShape(found);
  const unknown = features & ~ALL_KNOWN;
  if (unknown !== 0) throw lies(`it has features that nook's guests do not mount (0x${(unknown >>> 0).toString(16)})`);
  const journal = (bytes.readUInt32LE(0x5c) & HAS_JOURNAL) !== 0;
  if (journal && bytes.readUInt32LE(0xe0) !== JOURNAL_INODE) throw lies('its journal is on another disk');
  return found;
}

function checkShape(found: Superblock): void {
  const { blockSize, blocks, firstBlock, blocksPerGroup, inodes, inodesPerGroup, inodeSize, descriptorSize } = found;
  const perBitmap = 8 * blockSize;
  const groups = Math.ceil((blocks - firstBlock) / blocksPerGroup);
  const fits =
    firstBlock === (blockSize === 1024 ? 1 : 0) &&
    blocks > firstBlock &&
    isWithin(blocksPerGroup, 8, perBitmap) &&
    isWithin(inodesPerGroup, 1, perBitmap) &&
    inodes === groups * inodesPerGroup &&
    isWithin(inodeSize, 128, blockSize) &&
    isPowerOfTwo(inodeSize) &&
    isWithin(descriptorSize, 32, blockSize) &&
    isPowerOfTwo(descriptorSize);
  if (!fits) throw lies('its superblock contradicts itself');
}

function isWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

function lies(what: string) {
  return new NookError('bad_request', `The disk cannot be an image: ${what}.`, {
    hint: 'Take a disk that is one ext4, and look at it with: e2fsck -fn DISK',
  });
}
