import { join } from 'node:path';
import type { ReceivedEvent } from '@nook/daemonapi';
import { connectUnix, MAX_LINE_BYTES, RpcClient } from '@nook/wire';
import { describe, expect, test } from 'vitest';
import { type LooseContext, plugin, tempDir, testEngine } from '../engine.fixture.ts';

/** A plugin whose bus the test publishes on. */
function publisher() {
  let bus: LooseContext;
  return {
    plugin: plugin('p', ({ events }) => {
      bus = events;
    }),
    lossy: (n: number, data: object = {}) => bus.publish('p.lossy', { n, ...data }),
    kept: (n: number, data: object = {}) => bus.publish('p.kept', { n, ...data }, { durable: true }),
  };
}

const numbers = (events: readonly ReceivedEvent[]) => events.map(({ data }) => (data as { n: number }).n);

/** A subscription of a client of its own. */
async function subscriber(home: string, params: object) {
  const client = await RpcClient.connect(join(home, 'run', 'nookd.sock'));
  const events: ReceivedEvent[] = [];
  const following = Promise.withResolvers<void>();
  const cancel = new AbortController();
  const ended = client.call('event.subscribe', params, {
    signal: cancel.signal,
    onEvent: (event) => events.push(event),
    onProgress: () => following.resolve(),
  });
  ended.catch(() => {});
  await Promise.race([following.promise, ended]);
  return { events, ended, cancel: () => cancel.abort(), close: () => client.close() };
}

test('a subscriber gets what its patterns match, in order, until it cancels', async () => {
  const p = publisher();
  await using test = await testEngine([p.plugin], { listen: true });
  await test.engine.start();
  const one = await subscriber(test.home, { patterns: ['p.kept', 'x.**'] });
  for (let n = 1; n <= 3; n++) {
    p.lossy(n);
    p.kept(n);
  }
  await expect.poll(() => numbers(one.events)).toEqual([1, 2, 3]);
  expect(one.events.every(({ topic, gap }) => topic === 'p.kept' && gap === undefined)).toBe(true);
  one.cancel();
  await expect(one.ended).rejects.toMatchObject({ code: 'cancelled' });
  one.close();
});

test('durable events are replayed from a cursor, also after a restart, and go over into what is new', async () => {
  await using dir = await tempDir();
  const before = publisher();
  let cursor = 0;
  {
    await using test = await testEngine([before.plugin], { home: dir.path });
    await test.engine.start();
    for (let n = 1; n <= 300; n++) {
      before.kept(n);
      before.lossy(n);
    }
    const { events } = await test.call('event.list', { patterns: ['p.kept'], limit: 250 });
    expect(numbers(events)).toEqual(Array.from({ length: 250 }, (_, at) => at + 1));
    cursor = events.at(-1).seq;
  }
  const p = publisher();
  await using test = await testEngine([p.plugin], { home: dir.path, listen: true });
  await test.engine.start();
  const one = await subscriber(test.home, { patterns: ['p.*'], since: cursor });
  expect(numbers(one.events)).toEqual(Array.from({ length: 50 }, (_, at) => at + 251));
  p.kept(301);
  p.lossy(302);
  await expect.poll(() => numbers(one.events).slice(-2)).toEqual([301, 302]);
  const seqs = one.events.map(({ seq }) => seq);
  expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  expect(Math.min(...seqs)).toBeGreaterThan(cursor);
  one.close();
});

test('a subscriber that does not read slows nobody and fills no memory; what it missed is counted, durable events are not missed', async () => {
  const p = publisher();
  await using test = await testEngine([p.plugin], { listen: true });
  await test.engine.start();
  const path = join(test.home, 'run', 'nookd.sock');
  const slow = await connectUnix(path);
  slow.write('{"version":1,"id":1,"method":"event.subscribe","params":{"patterns":["p.*"]}}\n');
  const quick = await subscriber(test.home, { patterns: ['p.kept'] });
  const client = await RpcClient.connect(path);
  const text = 'x'.repeat(1000);
  const before = process.memoryUsage().rss;
  for (let n = 1; n <= 20_000; n++) {
    p.lossy(n, { text });
    if (n % 100 === 0) p.kept(n);
    if (n % 1000 === 0) await client.call('ping');
  }
  await expect.poll(() => quick.events.length).toBe(200);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);

  let received = '';
  slow.setEncoding('utf8').on('data', (chunk) => (received += chunk));
  const events = () =>
    received
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => (JSON.parse(line).event === undefined ? [] : [JSON.parse(line).event as ReceivedEvent]));
  await expect.poll(() => events().filter(({ topic }) => topic === 'p.kept').length, { timeout: 10_000 }).toBe(200);
  p.lossy(20_001);
  await expect.poll(() => events().at(-1)?.data).toEqual({ n: 20_001 });
  const lossy = events().filter(({ topic }) => topic === 'p.lossy');
  const gaps = events().reduce((sum, { gap = 0 }) => sum + gap, 0);
  expect(lossy.length).toBeLessThan(5000);
  expect(lossy.length + gaps).toBe(20_001);
  slow.destroy();
  quick.close();
  client.close();
});

test('a daemon that stops ends its subscriptions with an answer, and does not wait for them', async () => {
  const p = publisher();
  await using test = await testEngine([p.plugin], { listen: true, config: { daemon: { drain_seconds: 20 } } });
  await test.engine.start();
  const one = await subscriber(test.home, {});
  p.kept(1);
  const begun = performance.now();
  await test.engine.stop();
  expect(await one.ended).toMatchObject({ delivered: 1, missed: 0 });
  expect(performance.now() - begun).toBeLessThan(10_000);
});

describe('retention', () => {
  test('keeps the latest, and tells those who come from earlier how much is gone', async () => {
    await using dir = await tempDir();
    const config = { daemon: { events: { keep: 10 } } };
    const p = publisher();
    {
      await using test = await testEngine([p.plugin], { home: dir.path, config });
      await test.engine.start();
      for (let n = 1; n <= 100; n++) p.kept(n);
    }
    const next = publisher();
    await using test = await testEngine([next.plugin], { home: dir.path, config });
    await test.engine.start();
    const all = await test.call('event.list', { since: 0 });
    expect(numbers(all.events)).toEqual([91, 92, 93, 94, 95, 96, 97, 98, 99, 100]);
    expect(all.events[0].gap).toBeUndefined();
    const { events } = await test.call('event.list', { since: 50 });
    expect(events[0]).toMatchObject({ gap: 40, data: { n: 91 } });
    next.kept(101);
    const after = await test.call('event.list', { since: all.cursor });
    expect(numbers(after.events)).toEqual([101]);
    expect(after.events[0].seq).toBeGreaterThan(1000);
  });
});

test('operations are told as they begin and end', async () => {
  const work = plugin('p', (context) => {
    const any = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } };
    context.method('p.work', {
      summary: 's',
      access: 'write',
      operation: true,
      params: any,
      result: any,
      run: () => 1,
    });
  });
  await using test = await testEngine([work]);
  await test.engine.start();
  await test.call('p.work', {}, { opId: 'op-told' });
  const { events } = await test.call('event.list', { patterns: ['op.*'] });
  expect(events.map(({ data }: ReceivedEvent) => data)).toEqual([
    { op_id: 'op-told', method: 'p.work', state: 'running' },
    { op_id: 'op-told', method: 'p.work', state: 'succeeded' },
  ]);
});

test.each([['vm..state'], ['vm.st*'], ['***'], ['']])("the pattern '%s' is refused", async (pattern) => {
  await using test = await testEngine([]);
  await test.engine.start();
  await expect(test.call('event.list', { patterns: [pattern] })).rejects.toMatchObject({ code: 'bad_params' });
});

test('an answer of event.list ends where it grows long, and goes on from its cursor', async () => {
  const p = publisher();
  await using test = await testEngine([p.plugin]);
  await test.engine.start();
  const pad = 'ü'.repeat(30_000);
  for (let n = 1; n <= 100; n++) p.kept(n, { pad });
  p.kept(101, { pad: 'x'.repeat(70_000) });
  p.kept(102);
  const seen: number[] = [];
  for (let since = 0, calls = 0; ; calls++) {
    const { events, cursor } = await test.call('event.list', { since });
    if (events.length === 0) {
      expect(calls).toBeGreaterThan(2);
      break;
    }
    expect(Buffer.byteLength(JSON.stringify(events))).toBeLessThan(MAX_LINE_BYTES);
    seen.push(...numbers(events));
    since = cursor;
  }
  // One that is too large is told to those who listen, but not kept.
  expect(seen).toEqual([...Array.from({ length: 100 }, (_, n) => n + 1), 102]);
});
