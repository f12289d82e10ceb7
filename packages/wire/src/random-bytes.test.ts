import { expect, it } from 'vitest';
import { randomBytes } from './random-bytes.ts';

it('random bytes are as many as asked for, and never the same', () => {
  expect(randomBytes(0)).toHaveLength(0);
  const drawn = Array.from({ length: 64 }, () => randomBytes(16).toString('hex'));
  expect(drawn.every((hex) => hex.length === 32)).toBe(true);
  expect(new Set(drawn).size).toBe(64);
});
