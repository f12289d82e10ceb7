import { expect, it } from 'vitest';
import { checkLabels } from './labels.ts';

it('keeps labels in the order of their keys', () => {
  expect(JSON.stringify(checkLabels({ b: '2', 'a.io/x_y-z': '', A: 'ä b=c' }))).toBe(
    '{"A":"ä b=c","a.io/x_y-z":"","b":"2"}',
  );
});

it.each([
  ['an empty key', { '': 'x' }],
  ['a key that begins with a dash', { '-a': 'x' }],
  ['a key with a space', { 'a b': 'x' }],
  ['a key that is too long', { ['a'.repeat(64)]: 'x' }],
  ['the prototype', JSON.parse('{"__proto__":"x"}')],
  ['a value of two lines', { a: 'x\ny' }],
  ['a value that is too long', { a: 'x'.repeat(257) }],
  ['too many', Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, '']))],
])('refuses %s', (_what, labels) => {
  expect(() => checkLabels(labels)).toThrow(expect.objectContaining({ code: 'bad_params' }));
});
