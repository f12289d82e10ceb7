import { expect, it } from 'vitest';
import { formatSize, parseSize } from './size.ts';

it.each([
  ['512MiB', 536_870_912],
  ['2G', 2_147_483_648],
  ['1.5gb', 1_610_612_736],
  ['64 k', 65_536],
  ['100', 100],
  [4096, 4096],
])('%s is %i bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it.each(['', '-1G', '0', 'G', '1X', '1GG', '1e9', 'NaN', '99999999T', 0, -5, 1.5])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});

it.each([
  [1_073_741_824, '1 GiB'],
  [1_610_612_736, '1.5 GiB'],
  [536_870_912, '512 MiB'],
  [1_000, '1000 B'],
])('%i bytes are shown as %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
  expect(parseSize(text)).toBe(bytes);
});
