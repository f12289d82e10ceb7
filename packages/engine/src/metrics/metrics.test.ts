import { NookError } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { plugin, testEngine } from '../engine.fixture.ts';
import { BOUNDS, Histogram } from './histogram.ts';

/** Reads the text as Prometheus does: sample with its labels → value. */
function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('# ')) continue;
    const parsed = /^([a-z_]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})?) (-?[\d.e+-]+)$/.exec(line);
    if (parsed === null) throw new Error(`not a sample: ${line}`);
    if (found.has(parsed[1] as string)) throw new Error(`twice: ${line}`);
    found.set(parsed[1] as string, Number(parsed[2]));
  }
  return found;
}

test('buckets are cumulative, and a value is in the first whose bound it does not exceed', () => {
  const histogram = new Histogram();
  for (const seconds of [0, BOUNDS[0], 0.003, 1000]) histogram.observe(seconds);
  const { buckets, sum, count } = histogram.totals;
  expect(buckets[0]).toBe(2);
  expect(buckets[BOUNDS.indexOf(0.0025)]).toBe(2);
  expect(buckets[BOUNDS.indexOf(0.01)]).toBe(3);
  expect(buckets.at(-1)).toBe(4);
  expect(count).toBe(4);
  expect(sum).toBeCloseTo(1000.0031);
});

test('calls, errors, operations, events and plugins are counted', async () => {
  const base = { summary: 's', access: 'write', params: z.object({}), result: z.any() };
  await using test = await testEngine([
    plugin('p', ({ method, events }) => {
      method('p.ok', { ...base, run: () => events.publish('p.done', {}) });
      method('p.work', { ...base, operation: true, run: () => 1 });
      method('p.no', {
        ...base,
        run() {
          throw new NookError('not_found', 'No.');
        },
      });
    }),
  ]);
  await test.engine.start();
  for (let n = 0; n < 3; n++) await test.call('p.ok');
  await test.call('p.no').catch(() => {});
  await test.call('p.work');
  const { text } = await test.call('daemon.metrics');
  const found = samples(text);
  const expected = {
    'nook_call_duration_seconds_count{method="p.ok",plugin="p"}': 3,
    'nook_call_duration_seconds_bucket{method="p.ok",plugin="p",le="+Inf"}': 3,
    'nook_call_errors_total{method="p.no",plugin="p",code="not_found"}': 1,
    'nook_calls_in_flight{method="p.ok",plugin="p"}': 0,
    'nook_calls_in_flight{method="daemon.metrics",plugin="daemon"}': 1,
    'nook_operations_total{method="p.work",state="succeeded"}': 1,
    'nook_operation_duration_seconds_count{method="p.work"}': 1,
    nook_operations_running: 0,
    nook_events_published_total: 5,
    'nook_plugin_state{plugin="p",state="ok"}': 1,
  };
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, found.get(name)]))).toEqual(expected);
  expect(found.get('nook_memory_bytes{kind="rss"}')).toBeGreaterThan(1e6);
});
