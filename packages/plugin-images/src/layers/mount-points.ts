import { newInode, type Tree } from './tree.ts';

/** Where the guest mounts things. */
const MOUNT_POINTS = ['dev', 'proc', 'run', 'sys', 'tmp'];

/** Adds the directories that every guest needs and the image lacks. */
export function addMountPoints(tree: Tree): void {
  for (const name of MOUNT_POINTS) {
    if (tree.root.children.has(name)) continue;
    const mode = name === 'tmp' ? 0o1777 : 0o755;
    tree.put(tree.root, name, { inode: newInode('directory', { mode, mtime: tree.root.mtime }), layer: 0 });
  }
}
