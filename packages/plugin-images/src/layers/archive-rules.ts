import { archiveError, showName } from '../unpack/archive-error.ts';
import { deviceNumber } from '../unpack/device-rules.ts';
import { entryPath } from '../unpack/entry-path.ts';
import type { TarEntry } from '../unpack/tar-reader.ts';
import type { Inode, Tree } from './tree.ts';

/** What is demanded of an archive that somebody made of a root file system, and not of the layers of an image. */
export function checkArchiveEntry(tree: Tree, entry: TarEntry): void {
  const path = entryPath(entry.name);
  if (entry.type === 'character' || entry.type === 'block') deviceNumber(entry, path);
  if (entry.type === 'hardlink') plainInode(tree, entryPath(entry.linkname, 'The target of a hard link,'), entry);
  const there = plainInode(tree, path, entry);
  const directory = entry.type === 'directory';
  if (path === '' && !directory) {
    throw archiveError(`Entry ${showName(entry.name)} would replace the root directory.`);
  }
  if (there !== undefined && directory !== (there.type === 'directory')) {
    throw archiveError(`Entry ${showName(entry.name)} is in the archive both as a directory and as something else.`);
  }
}

/** What a path leads to when no link is on the way. */
function plainInode(tree: Tree, path: string, entry: TarEntry): Inode | undefined {
  let inode: Inode | undefined = tree.root;
  let done = '';
  for (const segment of path === '' ? [] : path.split('/')) {
    if (inode === undefined) return undefined;
    if (inode.type !== 'directory') {
      throw archiveError(
        entry.type === 'hardlink' && path !== entryPath(entry.name)
          ? `Entry ${showName(entry.name)} is a hard link to ${showName(entry.linkname)}, which is no earlier file.`
          : `Entry ${showName(entry.name)} leads through ${showName(done)}, which is no directory.`,
      );
    }
    done = done === '' ? segment : `${done}/${segment}`;
    inode = inode.children.get(segment)?.inode;
  }
  return inode;
}
