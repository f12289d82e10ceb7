import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plugin, testEngine } from '../engine.fixture.ts';
import { topicMatcher } from './topic-pattern.ts';

test.each([
  ['vm.state', 'vm.state', true],
  ['vm.*', 'vm.state', true],
  ['vm.*', 'vm', false],
  ['vm.*', 'vm.state.deep', false],
  ['*.state', 'vm.state', true],
  ['**', 'anything.at.all', true],
  ['vm.**', 'vm', true],
  ['vm.**', 'vm.a.b', true],
  ['**.end', 'a.b.end', true],
  ['a.**.z', 'a.z', true],
  ['a.**.z', 'a.b.c', false],
  ['vm.state', 'vm.states', false],
])('%s on %s: %s', (pattern, topic, expected) => {
  expect(topicMatcher(pattern)(topic)).toBe(expected);
});

test('a pattern matches as the regular expression of the same meaning does', () => {
  const part = fc.constantFrom('a', 'b', '*', '**');
  const segment = fc.constantFrom('a', 'b', 'c');
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 5 }),
      fc.array(segment, { minLength: 1, maxLength: 6 }),
      (parts, segments) => {
        const source = parts.map((word) => (word === '**' ? '(?:\\w+\\.)*' : word === '*' ? '\\w+\\.' : `${word}\\.`));
        const expected = new RegExp(`^${source.join('')}$`).test(`${segments.join('.')}.`);
        expect(topicMatcher(parts.join('.'))(segments.join('.'))).toBe(expected);
      },
    ),
  );
});

test('events are numbered and reach who listens; one that throws costs nobody else the event', async () => {
  const seen: unknown[] = [];
  await using test = await testEngine([
    plugin('a', ({ events }) => ({
      start() {
        events.subscribe('x.*', () => {
          throw new Error('bad listener');
        });
        const end = events.subscribe('x.*', (event: unknown) => seen.push(event));
        events.publish('x.one', { n: 1 });
        events.publish('y.one', {});
        end();
        events.publish('x.two', {});
      },
    })),
  ]);
  await test.engine.start();
  expect(seen).toEqual([{ seq: 1, topic: 'x.one', at: expect.any(Number), data: { n: 1 } }]);
  expect((await test.log()).filter(({ msg }) => msg === 'a listener failed')).toHaveLength(2);
});
