import { describe, expect, it } from 'vitest';
import { checkName, makeUpName } from './names.ts';

describe('VM names', () => {
  it.each(['a', 'web', 'web-1', '0', 'x'.repeat(63)])('%s is one', (name) => {
    expect(checkName(name)).toBe(name);
  });

  it.each(['', '-a', 'a-', 'A', 'a_b', 'a.b', 'ä', 'a b', '../x', 'x'.repeat(64), 'a\n'])('%j is none', (name) => {
    expect(() => checkName(name)).toThrow(expect.objectContaining({ code: 'bad_params' }));
  });

  it('are made up even when every pair is taken', () => {
    expect(checkName(makeUpName(() => false))).toMatch(/^[a-z]+-[a-z]+$/);
    expect(makeUpName((name) => /^[a-z]+-[a-z]+$/.test(name))).toMatch(/^[a-z]+-[a-z]+-\d+$/);
  });
});
