import { expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

it.each([
  ['30m', 1_800_000, '30 m'],
  ['1h30m', 5_400_000, '1 h 30 m'],
  ['2d', 172_800_000, '2 d'],
  ['1.5h', 5_400_000, '1 h 30 m'],
  ['90', 90_000, '1 m 30 s'],
  [2.5, 2_500, '2.5 s'],
  ['90s', 90_000, '1 m 30 s'],
  ['1h 5s', 3_605_000, '1 h 5 s'],
])('%s is %d ms, shown as %s', (text, ms, shown) => {
  expect(parseDuration(text)).toBe(ms);
  expect(formatDuration(ms)).toBe(shown);
});

it.each(['', 'm', '5x', '-1', '1m1h', '1e3', 'NaN'])("'%s' is none", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
