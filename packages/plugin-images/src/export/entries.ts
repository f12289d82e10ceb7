import { type DiskInode, type Ext4Reader, ROOT_INODE } from '../ext4/reader.ts';
import type { Extent } from '../layers/disk-content.ts';
import { archiveError } from '../unpack/archive-error.ts';
import type { TarItem } from './tar-header.ts';

/** A file of a disk, as a tar has it. */
export interface DiskEntry {
  readonly item: TarItem;
  /** Of a file that has any. */
  readonly content?: { readonly size: number; readonly extents: readonly Extent[] };
}

const KIND = 0o170000;
const FLAGS: ReadonlyMap<number, string> = new Map([
  [0o100000, '0'],
  [0o120000, '2'],
  [0o020000, '3'],
  [0o060000, '4'],
  [0o040000, '5'],
  [0o010000, '6'],
]);
const MAX_DEPTH = 2048;
const LOST_AND_FOUND = 'lost+found';

/** All that is on a disk, directories before what they hold, in the order of the names' bytes. Sockets are left out. */
export function* diskEntries(disk: Ext4Reader): Generator<DiskEntry> {
  const names = new Map<number, string>();
  const root = disk.inode(ROOT_INODE);
  const todo: { readonly path: string; readonly inode: DiskInode; readonly depth: number }[] = [
    { path: '', inode: root, depth: 0 },
  ];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { path, inode, depth } = next;
    const flag = FLAGS.get(inode.mode & KIND);
    if (flag === undefined) continue;
    const earlier = names.get(inode.number);
    if (earlier !== undefined) {
      if (flag === '5')
        throw archiveError('The disk is damaged: a directory is in two places.', 'Look at it: e2fsck -fn DISK');
      yield { item: { ...about(path, inode, '1'), size: 0, linkname: earlier, records: [] } };
      continue;
    }
    if (flag === '5' || inode.links > 1) names.set(inode.number, path);
    if (flag === '5' && depth > MAX_DEPTH)
      throw archiveError('The disk has directories too deep to be exported.', 'Export it as qcow2.');
    yield entryOf(disk, path, inode, flag);
    if (flag !== '5') continue;
    const children = [...disk.directory(inode)].sort(([one], [other]) => (one < other ? 1 : -1));
    for (const [name, number] of children) {
      if (path === '' && name === LOST_AND_FOUND) continue;
      todo.push({ path: path === '' ? name : `${path}/${name}`, inode: disk.inode(number), depth: depth + 1 });
    }
  }
}

function entryOf(disk: Ext4Reader, path: string, inode: DiskInode, flag: string): DiskEntry {
  const item = about(path, inode, flag);
  if (flag === '2') return { item: { ...item, linkname: disk.link(inode) } };
  if (flag === '3' || flag === '4') return { item: { ...item, ...device(inode.area) } };
  if (flag !== '0' || inode.size === 0) return { item };
  return { item: { ...item, size: inode.size }, content: { size: inode.size, extents: disk.extents(inode) } };
}

function about(path: string, { mode, uid, gid, mtime, nanoseconds, xattrs }: DiskInode, flag: string): TarItem {
  const name = flag === '5' ? (path === '' ? './' : `${path}/`) : path;
  const records = [...xattrs].map(([key, value]) => [`SCHILY.xattr.${key}`, value] as const);
  return { name, flag, mode: mode & 0o7777, uid, gid, size: 0, mtime, nanoseconds, records };
}

/** Small numbers stand in the first of two forms, others in the second. */
function device(area: Buffer): { major: number; minor: number } {
  const [old, wide] = [area.readUInt32LE(0), area.readUInt32LE(4)];
  if (old !== 0) return { major: (old >>> 8) & 0xff, minor: old & 0xff };
  return { major: (wide & 0xfff00) >>> 8, minor: (wide & 0xff) | ((wide >>> 12) & 0xfff00) };
}
