import type { Logger } from '@nook/daemonapi';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RefusalLog } from './refusal-log.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

test('a flood of refusals is a bounded number of lines, and the rest is counted', () => {
  const lines: unknown[] = [];
  const keep = (fields: unknown) => void lines.push(fields);
  const refusals = new RefusalLog(() => ({ info: keep, warn: keep }) as unknown as Logger);
  for (let n = 0; n < 10_000; n++) refusals.note({ n }, 'call refused');
  expect(lines).toEqual(Array.from({ length: 200 }, (_, n) => ({ n })));
  vi.advanceTimersByTime(1000);
  refusals.note({ n: 'later' }, 'call refused');
  expect(lines.slice(200)).toEqual([{ left_out: 9800 }, { n: 'later' }]);
});
