import { expect, it } from 'vitest';
import { processStats } from './process-stats.ts';

it('a process uses time and memory', async () => {
  const before = await processStats(process.pid);
  const until = performance.now() + 60;
  while (performance.now() < until);
  const after = await processStats(process.pid);
  expect(before?.memory_bytes).toBeGreaterThan(10 * 1024 * 1024);
  expect(before?.memory_bytes).toBeLessThanOrEqual(process.memoryUsage.rss() * 2);
  expect(after?.cpu_ms).toBeGreaterThan(before?.cpu_ms as number);
  expect(after?.pid).toBe(process.pid);
});

it('one that is gone does not', async () => {
  expect(await processStats(2 ** 22 + 1)).toBeUndefined();
  expect(await processStats(undefined)).toBeUndefined();
});
