import { expect, test } from 'vitest';
import { extentTree } from './extent-tree.ts';

test('a run that is longer than an extent may be becomes several', () => {
  const options = { seed: 0, takeBlock: () => 1, write: () => {} };
  const { root, blocks } = extentTree([{ logical: 5, physical: 1000, blocks: 65_537 }], options);
  const entries = [0, 1, 2].map((index) => {
    const at = 12 + 12 * index;
    return [root.readUInt32LE(at), root.readUInt16LE(at + 4), root.readUInt32LE(at + 8)];
  });
  expect([root.readUInt16LE(2), blocks]).toEqual([3, 0]);
  expect(entries).toEqual([
    [5, 32_768, 1000],
    [32_773, 32_768, 33_768],
    [65_541, 1, 66_536],
  ]);
});
