import { expect, test } from 'vitest';
import { planServiceRestart } from './service-restart.ts';

const ended = { at: 100_000, exit_code: 1, up_since: 99_000 };

test('the policy and the exit code decide', () => {
  expect(planServiceRestart('no', { ends: 0 }, ended).next_at).toBeUndefined();
  expect(planServiceRestart('on-failure', { ends: 0 }, { ...ended, exit_code: 0 }).next_at).toBeUndefined();
  expect(planServiceRestart('on-failure', { ends: 0 }, ended)).toEqual({ ends: 1, next_at: 101_000 });
  expect(planServiceRestart('on-failure', { ends: 0 }, { ...ended, exit_code: undefined }).next_at).toBe(101_000);
  expect(planServiceRestart('always', { ends: 0 }, { ...ended, exit_code: 0 }).next_at).toBe(101_000);
});

test('the wait doubles up to a minute, until a run was stable', () => {
  const waits = [0, 1, 5, 6, 500].map(
    (ends) => (planServiceRestart('always', { ends }, ended).next_at ?? 0) - ended.at,
  );
  expect(waits).toEqual([1_000, 2_000, 32_000, 60_000, 60_000]);
  expect(planServiceRestart('always', { ends: 7 }, { ...ended, up_since: 40_000 })).toEqual({
    ends: 1,
    next_at: 101_000,
  });
  expect(planServiceRestart('always', { ends: 7 }, { ...ended, up_since: undefined }).ends).toBe(8);
});
