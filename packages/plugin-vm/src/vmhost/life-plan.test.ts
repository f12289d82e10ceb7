import { expect, it } from 'vitest';
import { dueEnd } from './life-plan.ts';

it('a machine without limits lives on', () => {
  expect(dueEnd({}, { began: 0, quietSince: 0 })).toBeUndefined();
});

it('one that is used, or paused, does not become idle', () => {
  expect(dueEnd({ idle_timeout_ms: 60_000 }, { began: 0, quietSince: undefined })).toBeUndefined();
});

it('idleness counts from the last use', () => {
  expect(dueEnd({ idle_timeout_ms: 1_800_000 }, { began: 0, quietSince: 500 })).toEqual({
    at: 1_800_500,
    cause: 'it was idle for 30 m',
  });
});

it('the longest duration counts from the start, used or not', () => {
  const limits = { idle_timeout_ms: 10_000, max_duration_ms: 7_200_000 };
  expect(dueEnd(limits, { began: 100, quietSince: undefined })).toEqual({
    at: 7_200_100,
    cause: 'it had run for 2 h, as long as it may',
  });
});

it('what comes first counts', () => {
  const limits = { idle_timeout_ms: 10_000, max_duration_ms: 60_000 };
  expect(dueEnd(limits, { began: 0, quietSince: 20_000 })?.at).toBe(30_000);
  expect(dueEnd(limits, { began: 0, quietSince: 55_000 })?.at).toBe(60_000);
});
