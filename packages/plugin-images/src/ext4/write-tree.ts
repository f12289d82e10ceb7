import type { Extent } from '../layers/disk-content.ts';
import { type Inode, newInode, type Tree } from '../layers/tree.ts';
import { archiveError } from '../unpack/archive-error.ts';
import type { BlockPool } from './block-pool.ts';
import { BlockWriter } from './block-writer.ts';
import { crc32cOfNumber } from './crc32c.ts';
import { type DirectoryEntry, directoryBlocks } from './directory-blocks.ts';
import { extentTree } from './extent-tree.ts';
import { deviceArea, FILE_TYPE, inodeRecord } from './inode-record.ts';
import { BLOCK, type Volume } from './volume.ts';
import { sealXattrBlock, xattrAreas } from './xattr-area.ts';

const ROOT = 2;
const LOST_AND_FOUND = 11;
const MAX_LINKS = 65_000;
const FAST_LINK = 60;

interface Numbered {
  readonly inode: Inode;
  readonly number: number;
  /** Of a directory. */
  readonly parent: number;
}

/** Writes inodes and directories of a tree, whose files' content is on the volume already. */
export function writeTree(tree: Tree, volume: Volume, pool: BlockPool): void {
  if (tree.root.children.get('lost+found')?.inode.type !== 'directory') {
    const inode = newInode('directory', { mode: 0o700, mtime: tree.root.mtime });
    tree.put(tree.root, 'lost+found', { inode, layer: 0 });
  }
  for (const number of [ROOT, LOST_AND_FOUND]) freeBlocks(number, volume, pool);
  const numbered = numberInodes(tree, volume);
  const numbers = new Map(numbered.map(({ inode, number }) => [inode, number]));
  const [data, table] = [new BlockWriter(volume), new BlockWriter(volume)];
  for (const { inode, number, parent } of numbered) {
    const record = writeInode({ inode, number, parent, numbers, volume, pool, data });
    table.write(record, volume.inodeAt(number));
  }
  data.flush();
  table.flush();
}

function freeBlocks(number: number, volume: Volume, pool: BlockPool): void {
  const area = volume.read(volume.inodeAt(number) + 0x28, 60);
  for (let index = 0; index < area.readUInt16LE(2); index += 1) {
    const at = 12 + 12 * index;
    pool.giveBack({ first: area.readUInt32LE(at + 8), count: area.readUInt16LE(at + 4) });
  }
}

function numberInodes(tree: Tree, volume: Volume): Numbered[] {
  const numbered: Numbered[] = [{ inode: tree.root, number: ROOT, parent: ROOT }];
  const seen = new Set<Inode>([tree.root]);
  let next = LOST_AND_FOUND;
  for (let at = 0; at < numbered.length; at += 1) {
    const { inode: directory, number: parent } = numbered[at] as Numbered;
    for (const [name, { inode }] of directory.children) {
      if (seen.has(inode)) continue;
      seen.add(inode);
      if (directory === tree.root && name === 'lost+found') {
        numbered.push({ inode, number: LOST_AND_FOUND, parent });
        continue;
      }
      while (next <= volume.inodeCount && !volume.isInodeFree(next)) next += 1;
      if (next > volume.inodeCount) throw archiveError('The image has more files than its disk can hold.');
      volume.takeInode(next);
      if (inode.type === 'directory') volume.countDirectory(next);
      numbered.push({ inode, number: next, parent });
    }
  }
  return numbered;
}

interface Writing extends Numbered {
  readonly numbers: ReadonlyMap<Inode, number>;
  readonly volume: Volume;
  readonly pool: BlockPool;
  readonly data: BlockWriter;
}

function writeInode({ inode, number, parent, numbers, volume, pool, data }: Writing): Buffer {
  const seed = crc32cOfNumber(crc32cOfNumber(volume.seed, number), 0);
  const takeBlock = () => pool.take(1).first;
  const write = (block: number, content: Buffer) => data.write(content, block * BLOCK);
  const put = (blocks: readonly Buffer[]): Extent[] =>
    blocks.map((content, logical) => {
      const physical = takeBlock();
      write(physical, content);
      return { logical, physical, blocks: 1 };
    });
  const { size, extents, area } = contentOf(inode, {
    put,
    entries: () => entriesOf(inode, number, parent, numbers),
    seed,
  });
  const { root, blocks } =
    area === undefined ? extentTree(extents, { seed, takeBlock, write }) : { root: area, blocks: 0 };
  const xattrs = xattrAreas(inode.xattrs);
  const xattrBlock = xattrs.block === undefined ? 0 : takeBlock();
  if (xattrs.block !== undefined) {
    sealXattrBlock(xattrs.block, xattrBlock, volume.seed);
    write(xattrBlock, xattrs.block);
  }
  const used = extents.reduce((sum, extent) => sum + extent.blocks, 0) + blocks + (xattrBlock === 0 ? 0 : 1);
  const facts = { size, blocks: used, area: root, extents: area === undefined, xattrs: xattrs.inode };
  return inodeRecord(inode, { ...facts, links: linksOf(inode), xattrBlock, seed });
}

interface ContentParts {
  readonly put: (blocks: readonly Buffer[]) => Extent[];
  readonly entries: () => Iterable<DirectoryEntry>;
  readonly seed: number;
}

/** What an inode holds; an area when that stands in the inode itself. */
function contentOf(inode: Inode, { put, entries, seed }: ContentParts) {
  const none: readonly Extent[] = [];
  if (inode.type === 'file') return { size: inode.content?.size ?? 0, extents: inode.content?.extents ?? none };
  if (inode.type === 'directory') {
    const blocks = directoryBlocks(entries(), seed);
    return { size: blocks.length * BLOCK, extents: put(blocks) };
  }
  if (inode.type !== 'symlink') {
    const device = inode.type === 'fifo' ? Buffer.alloc(60) : deviceArea(inode.major, inode.minor);
    return { size: 0, extents: none, area: device };
  }
  const target = Buffer.alloc(target60(inode.target.length));
  target.write(inode.target, 'latin1');
  const size = inode.target.length;
  return size < FAST_LINK ? { size, extents: none, area: target } : { size, extents: put([target]) };
}

function target60(length: number): number {
  return length < FAST_LINK ? FAST_LINK : BLOCK;
}

function* entriesOf(
  inode: Inode,
  number: number,
  parent: number,
  numbers: ReadonlyMap<Inode, number>,
): Generator<DirectoryEntry> {
  yield { name: '.', inode: number, type: FILE_TYPE.directory.entry };
  yield { name: '..', inode: parent, type: FILE_TYPE.directory.entry };
  for (const [name, entry] of inode.children) {
    yield { name, inode: numbers.get(entry.inode) ?? 0, type: FILE_TYPE[entry.inode.type].entry };
  }
}

function linksOf(inode: Inode): number {
  if (inode.type !== 'directory') {
    if (inode.links > MAX_LINKS) throw archiveError(`A file has more than ${MAX_LINKS} names.`);
    return inode.links;
  }
  let links = 2;
  for (const entry of inode.children.values()) if (entry.inode.type === 'directory') links += 1;
  // ext4 does not count beyond that.
  return links > MAX_LINKS ? 1 : links;
}
