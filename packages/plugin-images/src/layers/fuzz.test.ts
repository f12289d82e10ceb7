import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { actTyped, assertTyped, FUZZ_LIMIT_MS } from '../testing/fuzzing.ts';
import type { EntryType } from '../unpack/tar-header.ts';
import { applyEntry } from './apply-entry.ts';
import { checkArchiveEntry } from './archive-rules.ts';
import type { FileContent } from './disk-content.ts';
import { type Inode, Tree } from './tree.ts';

const SEGMENTS = [
  'a',
  'b',
  'c',
  '.',
  '..',
  '',
  '.wh.a',
  '.wh.b',
  '.wh..wh..opq',
  '.wh..wh.plnk',
  '.wh.',
  '.wh...',
  'x'.repeat(256),
];
const TYPES: readonly EntryType[] = [
  'file',
  'file',
  'directory',
  'directory',
  'symlink',
  'hardlink',
  'fifo',
  'character',
];

const path = fc
  .array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c') }, fc.constantFrom(...SEGMENTS)), {
    maxLength: 4,
  })
  .map((segments) => segments.join('/'));
const entry = fc.record({ name: path, linkname: path, absolute: fc.boolean(), type: fc.constantFrom(...TYPES) });
const layers = fc.array(fc.array(entry, { maxLength: 8 }), { maxLength: 4 });

/** Everything that a tree leads to, by how often; the root once. @throws what a name of it must not be */
function reached(tree: Tree): Map<Inode, number> {
  const found = new Map<Inode, number>([[tree.root, 0]]);
  const todo = [tree.root];
  for (let inode = todo.pop(); inode !== undefined; inode = todo.pop()) {
    for (const [name, child] of inode.children) {
      expect(name).not.toMatch(/^\.{0,2}$|\/|\0|^.{256}/);
      if (!found.has(child.inode)) todo.push(child.inode);
      else expect(child.inode.type).not.toBe('directory');
      found.set(child.inode, (found.get(child.inode) ?? 0) + 1);
    }
  }
  return found;
}

test('layers in any order of any entries', { timeout: FUZZ_LIMIT_MS }, async () => {
  await assertTyped(fc.tuple(layers, fc.boolean()), async ([all, whiteouts]) => {
    const stored = new Set<FileContent>();
    const tree = new Tree((content) => {
      expect(stored.delete(content)).toBe(true);
    });
    const store = async () => {
      const content = { size: 1, extents: [] };
      stored.add(content);
      return content;
    };
    const plain = { mode: 0o644, uid: 0, gid: 0, size: 1, mtime: 0, nanoseconds: 0, major: 1, minor: 3 };
    for (const [layer, entries] of all.entries()) {
      for (const { absolute, linkname, ...named } of entries) {
        const whole = {
          ...plain,
          ...named,
          linkname: absolute ? `/${linkname}` : linkname,
          xattrs: new Map(),
          segments: [],
        };
        const read = { ...whole, body: Readable.from([]) };
        await actTyped(async () => {
          if (!whiteouts) checkArchiveEntry(tree, read);
          await applyEntry(tree, read, { layer, whiteouts, store });
        });
      }
    }
    const there = reached(tree);
    for (const [inode, names] of there) expect(inode.links).toBe(names);
    const kept = [...there.keys()].flatMap(({ content }) => content ?? []);
    expect(new Set(kept)).toEqual(stored);
  });
});
