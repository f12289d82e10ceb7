import { expect, it } from 'vitest';
import { formatAmount } from './format-amount.ts';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [10 * 1024 ** 2, '10 MiB'],
  [999.6 * 1024 ** 2, '1.0 GiB'],
  [1.44 * 1024 ** 3, '1.4 GiB'],
  [5000 * 1024 ** 4, '5000 TiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatAmount(bytes)).toBe(text);
});
