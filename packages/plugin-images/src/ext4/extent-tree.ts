import type { Extent } from '../layers/disk-content.ts';
import { crc32c } from './crc32c.ts';
import { BLOCK } from './volume.ts';

const IN_INODE = 4;
/** In a block: a header of 12 bytes, entries of 12, and a checksum. */
const IN_BLOCK = Math.floor((BLOCK - 12 - 4) / 12);
const MAX_EXTENT = 32768;

interface TreeOptions {
  /** What checksums of this inode begin with. */
  readonly seed: number;
  readonly takeBlock: () => number;
  readonly write: (block: number, data: Buffer) => void;
}

/**
 * The 60 bytes that an inode keeps of where its content is; what does not fit there goes into blocks.
 * @returns also how many blocks that took
 */
export function extentTree(extents: readonly Extent[], options: TreeOptions): { root: Buffer; blocks: number } {
  let level = merged(extents).map((extent) => encodeExtent(extent));
  let firsts = merged(extents).map(({ logical }) => logical);
  let depth = 0;
  let blocks = 0;
  while (level.length > IN_INODE) {
    const above: Buffer[] = [];
    const aboveFirsts: number[] = [];
    for (let at = 0; at < level.length; at += IN_BLOCK) {
      const block = options.takeBlock();
      blocks += 1;
      const data = Buffer.alloc(BLOCK);
      fill(data, level.slice(at, at + IN_BLOCK), { max: IN_BLOCK, depth });
      data.writeUInt32LE(crc32c(options.seed, data.subarray(0, 12 + 12 * IN_BLOCK)), 12 + 12 * IN_BLOCK);
      options.write(block, data);
      above.push(encodeIndex(firsts[at] ?? 0, block));
      aboveFirsts.push(firsts[at] ?? 0);
    }
    level = above;
    firsts = aboveFirsts;
    depth += 1;
  }
  const root = Buffer.alloc(60);
  fill(root, level, { max: IN_INODE, depth });
  return { root, blocks };
}

/** A longer one would be read as one that was never written. */
function split({ logical, physical, blocks }: Extent): Extent[] {
  return Array.from({ length: Math.ceil(blocks / MAX_EXTENT) }, (_, index) => {
    const at = index * MAX_EXTENT;
    return { logical: logical + at, physical: physical + at, blocks: Math.min(MAX_EXTENT, blocks - at) };
  });
}

/** Runs that follow each other are one extent, up to the length that one can have. */
function merged(extents: readonly Extent[]): Extent[] {
  const result: Extent[] = [];
  for (const extent of extents.flatMap(split)) {
    const last = result.at(-1);
    const follows =
      last !== undefined &&
      last.logical + last.blocks === extent.logical &&
      last.physical + last.blocks === extent.physical &&
      last.blocks + extent.blocks <= MAX_EXTENT;
    if (follows) result[result.length - 1] = { ...last, blocks: last.blocks + extent.blocks };
    else result.push(extent);
  }
  return result;
}

function fill(area: Buffer, entries: readonly Buffer[], { max, depth }: { max: number; depth: number }): void {
  area.writeUInt16LE(0xf30a, 0);
  area.writeUInt16LE(entries.length, 2);
  area.writeUInt16LE(max, 4);
  area.writeUInt16LE(depth, 6);
  for (const [index, entry] of entries.entries()) entry.copy(area, 12 + 12 * index);
}

function encodeExtent({ logical, physical, blocks }: Extent): Buffer {
  const entry = Buffer.alloc(12);
  entry.writeUInt32LE(logical, 0);
  entry.writeUInt16LE(blocks, 4);
  entry.writeUInt16LE(Math.floor(physical / 2 ** 32), 6);
  entry.writeUInt32LE(physical % 2 ** 32, 8);
  return entry;
}

function encodeIndex(logical: number, block: number): Buffer {
  const entry = Buffer.alloc(12);
  entry.writeUInt32LE(logical, 0);
  entry.writeUInt32LE(block % 2 ** 32, 4);
  entry.writeUInt16LE(Math.floor(block / 2 ** 32), 8);
  return entry;
}
