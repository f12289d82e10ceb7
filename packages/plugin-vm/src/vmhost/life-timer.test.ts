import { expect, it } from 'vitest';
import { LifeTimer } from './life-timer.ts';

function timer(used = false) {
  const causes: string[] = [];
  const clock = { now: 0 };
  const life = new LifeTimer({ inUse: () => used, onDue: (cause) => causes.push(cause), now: () => clock.now });
  return { life, clock, causes };
}

it('a machine that had run before it was suspended goes on counting', () => {
  const { life, causes } = timer(true);
  life.begin(-6_000, { max_duration_ms: 7_000 });
  expect(causes).toEqual([]);
  life.done();
  life.begin(-7_000, { max_duration_ms: 7_000 });
  expect(causes).toEqual(['it had run for 7 s, as long as it may']);
});

it('other limits count from the start, and idleness from when they were set', () => {
  const { life, clock, causes } = timer();
  life.begin(0, {});
  clock.now = 60_000;
  life.change({ idle_timeout_ms: 5_000, max_duration_ms: 61_000 });
  expect(causes).toEqual([]);
  life.change({ max_duration_ms: 60_000 });
  expect(causes).toEqual(['it had run for 1 m, as long as it may']);
});
