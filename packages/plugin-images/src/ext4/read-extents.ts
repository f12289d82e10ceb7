import type { Extent } from '../layers/disk-content.ts';
import { archiveError } from '../unpack/archive-error.ts';

const MAGIC = 0xf30a;
/** Longer ones were set aside, and never written: they read as zeros. */
const MAX_WRITTEN = 32_768;
const MAX_DEPTH = 5;
const DIRECT = 12;

type ReadBlock = (block: number) => Buffer;

/** Where the content of a file is, ascending, by the tree of extents in its inode's 60 bytes. Holes are left out. */
export function extentsOf(area: Buffer, read: ReadBlock, depth = MAX_DEPTH): Extent[] {
  const count = area.readUInt16LE(2);
  if (area.readUInt16LE(0) !== MAGIC || 12 + 12 * count > area.length) throw damaged();
  const here = area.readUInt16LE(6);
  if (here >= depth) throw damaged();
  const entries = Array.from({ length: count }, (_, index) => area.subarray(12 + 12 * index, 24 + 12 * index));
  if (here > 0) {
    return entries.flatMap((entry) => {
      const child = read(entry.readUInt32LE(4) + entry.readUInt16LE(8) * 2 ** 32);
      return extentsOf(child, read, here);
    });
  }
  return entries.flatMap((entry) => {
    const blocks = entry.readUInt16LE(4);
    const physical = entry.readUInt32LE(8) + entry.readUInt16LE(6) * 2 ** 32;
    return blocks > MAX_WRITTEN ? [] : [{ logical: entry.readUInt32LE(0), physical, blocks }];
  });
}

/** The same of files from before there were extents: twelve blocks, then blocks of numbers of blocks, up to three deep. */
export function mappedBlocks(area: Buffer, read: ReadBlock, blockSize: number): Extent[] {
  const extents: Extent[] = [];
  const each = blockSize / 4;
  const add = (logical: number, physical: number) => {
    const last = extents.at(-1);
    const follows = last && last.logical + last.blocks === logical && last.physical + last.blocks === physical;
    if (follows) extents[extents.length - 1] = { ...last, blocks: last.blocks + 1 };
    else extents.push({ logical, physical, blocks: 1 });
  };
  const walk = (block: number, first: number, depth: number): void => {
    if (block === 0) return;
    if (depth === 0) {
      add(first, block);
      return;
    }
    const numbers = read(block);
    const span = each ** (depth - 1);
    for (let index = 0; index < each; index += 1)
      walk(numbers.readUInt32LE(4 * index), first + index * span, depth - 1);
  };
  let first = 0;
  for (let index = 0; index < DIRECT + 3; index += 1) {
    const depth = Math.max(0, index - DIRECT + 1);
    walk(area.readUInt32LE(4 * index), first, depth);
    first += each ** depth;
  }
  return extents;
}

function damaged() {
  return archiveError('The disk is damaged: where a file is cannot be read.', 'Look at it: e2fsck -fn DISK');
}
