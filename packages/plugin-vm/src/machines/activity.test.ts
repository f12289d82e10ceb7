import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Activity, IdleWork } from './activity.ts';

const IDLE_MS = 3_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function idleWork(patient = false) {
  const activity = new Activity();
  const act = vi.fn();
  return { activity, act, work: new IdleWork({ activity, idleMs: IDLE_MS, patient, act }) };
}

it('acts once, when nothing was started for the time', () => {
  const { work, act } = idleWork();
  work.ask();
  vi.advanceTimersByTime(IDLE_MS - 1);
  expect(act).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(act).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(10 * IDLE_MS);
  expect(act).toHaveBeenCalledOnce();
});

it('is put off by a start, for as long as that lasts and the time after it', async () => {
  const { activity, work, act } = idleWork();
  work.ask();
  vi.advanceTimersByTime(IDLE_MS - 1);
  const start = Promise.withResolvers<void>();
  const started = activity.start(() => start.promise);
  vi.advanceTimersByTime(10 * IDLE_MS);
  expect(act).not.toHaveBeenCalled();
  start.reject(new Error('it failed'));
  await expect(started).rejects.toThrow('it failed');
  vi.advanceTimersByTime(IDLE_MS - 1);
  expect(act).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(act).toHaveBeenCalledOnce();
});

it.each([
  { patient: true, called: 0 },
  { patient: false, called: 1 },
])('is put off by what else is asked where it is patient: $patient', ({ patient, called }) => {
  const { activity, work, act } = idleWork(patient);
  work.ask();
  for (let i = 0; i < 3; i++) {
    vi.advanceTimersByTime(IDLE_MS / 2);
    activity.touch();
  }
  expect(act).toHaveBeenCalledTimes(called);
});

it('does nothing that was not asked for, or no longer is', async () => {
  const { activity, work, act } = idleWork();
  await activity.start(async () => {});
  vi.advanceTimersByTime(IDLE_MS);
  work.ask();
  work.cancel();
  await activity.start(async () => {});
  vi.advanceTimersByTime(10 * IDLE_MS);
  expect(act).not.toHaveBeenCalled();
});
