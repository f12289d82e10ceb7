import { archiveError, showName } from '../unpack/archive-error.ts';
import type { TarEntry } from '../unpack/tar-reader.ts';
import type { FileContent } from './disk-content.ts';
import { entrySegments } from './entry-segments.ts';
import { type Inode, newInode, type Tree } from './tree.ts';

/** Marks of what a layer removes: https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Notes that AUFS kept for itself. */
const AUFS = '.wh..wh.';

export interface EntryOptions {
  /** Number of the layer, ascending. */
  readonly layer: number;
  /** Whether names beginning with `.wh.` remove what lower layers have. */
  readonly whiteouts: boolean;
  /** Brings the content of a file onto the disk. */
  readonly store: (entry: TarEntry) => Promise<FileContent>;
}

/** Changes the tree as one entry of a layer says. Times of directories are those of their own entries. */
export async function applyEntry(tree: Tree, entry: TarEntry, options: EntryOptions): Promise<void> {
  const { layer, whiteouts } = options;
  const segments = entrySegments(entry.name);
  const name = segments.pop();
  if (name === undefined) return describe(tree.root, entry);
  if (whiteouts && name.startsWith(WHITEOUT)) return whiteOut(tree, segments, { name, layer, entry });
  const parent = tree.directory(segments, { layer, mtime: entry.mtime }) ?? tree.root;
  const there = parent.children.get(name);
  if (entry.type === 'directory') {
    if (there?.inode.type === 'directory') {
      describe(there.inode, entry);
      there.layer = layer;
    } else tree.put(parent, name, { inode: newInode('directory', factsOf(entry)), layer });
    return;
  }
  if (entry.type === 'hardlink') {
    const target = linkTarget(tree, entry);
    // GNU tar writes such a link for a file that it was given twice.
    if (target === there?.inode) there.layer = layer;
    else tree.put(parent, name, { inode: target, layer });
    return;
  }
  if (entry.type === 'symlink' && (entry.linkname === '' || entry.linkname.length > 4095)) {
    throw archiveError(`Entry ${showName(entry.name)} is a link with no usable target.`);
  }
  const target = entry.type === 'symlink' ? entry.linkname : '';
  const content = entry.type === 'file' ? await options.store(entry) : undefined;
  tree.put(parent, name, { inode: newInode(entry.type, { ...factsOf(entry), target, content }), layer });
}

interface Removal {
  readonly name: string;
  readonly layer: number;
  readonly entry: TarEntry;
}

function whiteOut(tree: Tree, segments: readonly string[], { name, layer, entry }: Removal): void {
  const parent = tree.directory(segments);
  if (name === OPAQUE) {
    if (parent !== undefined) tree.removeLower(parent, layer);
    return;
  }
  if (name.startsWith(AUFS)) return;
  const hidden = name.slice(WHITEOUT.length);
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw archiveError(`Entry ${showName(entry.name)} removes what has no name.`);
  }
  const there = parent?.children.get(hidden);
  if (parent === undefined || there === undefined) return;
  const inside = there.inode.type === 'directory' && tree.removeLower(there.inode, layer);
  if (there.layer !== layer && !inside) tree.remove(parent, hidden);
}

function linkTarget(tree: Tree, entry: TarEntry): Inode {
  const segments = entrySegments(entry.linkname, 'The target of a hard link,');
  const name = segments.pop() ?? '';
  const inode = tree.directory(segments)?.children.get(name)?.inode;
  if (inode !== undefined && inode.type !== 'directory') return inode;
  throw archiveError(
    `Entry ${showName(entry.name)} is a hard link to ${showName(entry.linkname)}, which is no earlier file.`,
  );
}

function describe(inode: Inode, entry: TarEntry): void {
  Object.assign(inode, factsOf(entry));
}

function factsOf(entry: TarEntry) {
  const { uid, gid, major, minor, mtime, nanoseconds, xattrs } = entry;
  const mode = entry.type === 'symlink' ? 0o777 : entry.mode;
  return { mode, uid, gid, major, minor, mtime, nanoseconds, xattrs };
}
