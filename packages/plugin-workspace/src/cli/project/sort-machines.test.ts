import { expect, test } from 'vitest';
import { sortMachines } from './sort-machines.ts';

test('what is needed comes first, and the rest as it was written', () => {
  expect(sortMachines({ web: ['api', 'cache'], other: [], api: ['db'], cache: [], db: [] })).toEqual({
    order: ['db', 'api', 'cache', 'web', 'other'],
  });
});

test('a cycle is named, without what merely leads to it', () => {
  expect(sortMachines({ start: ['a'], a: ['b'], b: ['c'], c: ['a'] })).toEqual({ cycle: ['a', 'b', 'c', 'a'] });
  expect(sortMachines({ a: ['a'] })).toEqual({ cycle: ['a', 'a'] });
});
