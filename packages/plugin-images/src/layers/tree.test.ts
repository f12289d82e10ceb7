import { expect, test } from 'vitest';
import { newInode, Tree } from './tree.ts';

const LAYER = 0;

test('a file that takes the place of the directory it was in keeps its content', () => {
  const released: unknown[] = [];
  const tree = new Tree((content) => void released.push(content));
  const file = newInode('file', { content: { size: 1, extents: [] } });
  const directory = newInode('directory');
  tree.put(tree.root, 'b', { inode: directory, layer: LAYER });
  tree.put(directory, 'c', { inode: file, layer: LAYER });
  tree.put(tree.root, 'b', { inode: file, layer: LAYER });
  expect([released, file.links]).toEqual([[], 1]);
  tree.remove(tree.root, 'b');
  expect(released).toEqual([file.content]);
});

test.each(['x'.repeat(256), 'a\0b'])('a link has no directory made whose name no file system takes', (name) => {
  const tree = new Tree(() => {});
  const link = newInode('symlink', { target: `there/${name}` });
  tree.put(tree.root, 'link', { inode: link, layer: LAYER });
  expect(() => tree.directory(['link'], { layer: LAYER, mtime: 0 })).toThrow(/a link to what cannot be a name/);
  expect(tree.directory(['link'])).toBeUndefined();
});
