import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Filterable, parseFilters } from './filter.ts';
import { globMatches } from './glob.ts';

const vm = (over: Partial<Filterable> = {}, labels: Record<string, string> = {}): Filterable => ({
  name: 'web-1',
  state: 'running',
  shape: { image: 'busybox', image_digest: 'sha256:1', labels },
  ...over,
});

it.each([
  [['label=env'], true],
  [['label=env=prod'], true],
  [['label=env=prod=eu'], false],
  [['label=query'], true],
  [['label=query=a=b'], true],
  [['label=env=dev'], false],
  [['label=toString'], false],
  [['label=__proto__'], false],
  [['state=running'], true],
  [['state=stopped'], false],
  [['image=busybox'], true],
  [['image=sha256:1'], true],
  [['image=busy'], false],
  [['name=web-*'], true],
  [['name=web'], false],
  [['name=web-*', 'state=running', 'label=env'], true],
  [['name=web-*', 'state=stopped', 'label=env'], false],
  [[], true],
])('%j: %s', (filters, holds) => {
  expect(parseFilters(filters)(vm({}, { env: 'prod', query: 'a=b' }))).toBe(holds);
});

it('takes records of earlier versions, which have no labels', () => {
  const old = vm({ shape: { image: 'busybox', image_digest: 'sha256:1' } });
  expect(parseFilters(['label=env'])(old)).toBe(false);
});

it.each(['', 'env', 'colour=red', 'state=asleep', 'name=', 'label', '=x', 'constructor=x'])('refuses %j', (filter) => {
  expect(() => parseFilters([filter])).toThrow(expect.objectContaining({ code: 'bad_params' }));
});

it('a glob matches as the expression that it means', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, (pattern, text) => {
      const meant = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
      expect(globMatches(pattern, text)).toBe(new RegExp(`^${meant}$`).test(text));
    }),
  );
});
