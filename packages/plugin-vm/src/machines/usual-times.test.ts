import { expect, it } from 'vitest';
import { memoryStore } from '../memory-store.fixture.ts';
import { startTimesMigration, UsualTimes } from './usual-times.ts';

const boot = (duration_ms: number) => [{ name: 'boot', at_ms: 10, duration_ms }];

it('is the median of the latest twenty starts that came up the same way', () => {
  const kept = memoryStore(startTimesMigration);
  const times = new UsualTimes(kept);
  expect(times.of('cold').get('boot')).toBeUndefined();
  for (const ms of [900, 5_000, 1_000]) times.record('cold', boot(ms));
  times.record('template', boot(200));
  expect(times.of('cold').get('boot')).toBe(1_000);
  expect(times.of('template').get('boot')).toBe(200);
  expect(times.of('pool').size).toBe(0);
  for (let i = 0; i < 20; i++) times.record('cold', boot(2_000));
  expect(times.of('cold').get('boot')).toBe(2_000);
  expect(kept.all('SELECT number FROM vm_start_times')).toHaveLength(21);
  expect(new UsualTimes(kept).of('cold').get('boot')).toBe(2_000);
});

it('knows a step that only some starts had', () => {
  const times = new UsualTimes(memoryStore(startTimesMigration));
  times.record('cold', boot(100));
  times.record('cold', [...boot(100), { name: 'pull', at_ms: 0, duration_ms: 7 }]);
  expect([...times.of('cold')]).toEqual([
    ['boot', 100],
    ['pull', 7],
  ]);
});
