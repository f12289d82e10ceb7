import { join } from 'node:path';
import { NookError, type OperationView, type Progress } from '@nook/daemonapi';
import { RpcClient } from '@nook/wire';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type LooseContext, plugin, tempDir, testEngine } from '../engine.fixture.ts';

/** Work that a test lets go on: each begun one is announced, and ends as it is told, or as its signal says. */
class Bench {
  begun = 0;
  unwound = 0;
  readonly #waiting: ((how: { result?: unknown; error?: unknown }) => void)[] = [];
  #onBegin: () => void = () => {};

  readonly plugin = plugin('p', (context) => {
    const params = z.strictObject({ n: z.number().optional(), m: z.number().optional() });
    const base = { summary: 's', access: 'write', params, result: z.any() };
    context.method('p.work', { ...base, operation: true, run: (_: unknown, call: LooseContext) => this.#work(call) });
    context.method('p.bound', { ...base, run: (_: unknown, call: LooseContext) => this.#work(call) });
  });

  async begins(count: number): Promise<void> {
    while (this.begun < count) {
      await new Promise<void>((resolve) => {
        this.#onBegin = resolve;
      });
    }
  }

  finish(how: { result?: unknown; error?: unknown }): void {
    for (const end of this.#waiting.splice(0)) end(how);
  }

  #work(call: LooseContext): Promise<unknown> {
    this.begun++;
    this.#onBegin();
    call.progress({ stage: 'one', done: 1, total: 2 });
    call.progress({ stage: 'two' });
    return new Promise((resolve, reject) => {
      this.#waiting.push(({ result, error }) => (error === undefined ? resolve(result) : reject(error)));
      call.signal.addEventListener('abort', () => {
        this.unwound++;
        reject(call.signal.reason);
      });
    });
  }
}

const socket = (home: string) => join(home, 'run', 'nookd.sock');

test('begin answers at once, under the op id of its request; status, wait and list tell the rest', async () => {
  const bench = new Bench();
  await using test = await testEngine([bench.plugin]);
  await test.engine.start();
  const begun: OperationView = await test.call('p.work.begin', {}, { opId: 'op-mine' });
  expect(begun).toMatchObject({ op_id: 'op-mine', method: 'p.work', state: 'running', stages: [] });
  await bench.begins(1);
  const seen: Progress[] = [];
  const waited = test.call('op.wait', { op_id: 'op-mine' }, { onProgress: (update: Progress) => seen.push(update) });
  expect(await test.call('p.work.status', { op_id: 'op-mine' })).toMatchObject({
    state: 'running',
    stages: [{ stage: 'one', done: 1, total: 2 }, { stage: 'two' }],
  });
  bench.finish({ result: { n: 7 } });
  expect(await waited).toMatchObject({ state: 'succeeded', result: { n: 7 }, ended_at: expect.any(Number) });
  expect(seen.at(-1)).toMatchObject({ stage: 'two' });
  const { operations } = await test.call('op.list', { state: 'succeeded' });
  expect(operations).toMatchObject([{ op_id: 'op-mine', method: 'p.work' }]);
  expect(operations[0]).not.toHaveProperty('result');
});

test('op.list goes on after an operation, also after one that is gone, and of one millisecond', async () => {
  const idle = plugin('p', ({ method }) => {
    const base = { summary: 's', access: 'write', params: z.strictObject({}), result: z.any() };
    method('p.idle', { ...base, operation: true, run: () => 1 });
  });
  // A clock that stands: all of them begin in the same millisecond.
  const clock = { now: () => 1_000_000, monotonic: () => 0 };
  await using test = await testEngine([idle], { clock });
  await test.engine.start();
  const ids = Array.from({ length: 25 }, (_, n) => `op-${n}`);
  for (const opId of ids) await test.call('p.idle', {}, { opId });
  const seen: string[] = [];
  for (let after: OperationView | undefined; ; ) {
    const { operations } = await test.call('op.list', { limit: 10, ...(after === undefined ? {} : { after }) });
    seen.push(...operations.map(({ op_id }: OperationView) => op_id));
    if (operations.length < 10) break;
    after = operations.at(-1);
  }
  expect(seen).toEqual(ids.toReversed());
  const gone = { begun_at: 1_000_001, op_id: 'op-pruned' };
  expect((await test.call('op.list', { limit: 1, after: gone })).operations).toHaveLength(1);
});

test('a second operation under one op id is told apart', async () => {
  const bench = new Bench();
  await using test = await testEngine([bench.plugin]);
  await test.engine.start();
  const ids = [];
  for (let n = 0; n < 3; n++) ids.push((await test.call('p.work.begin', {}, { opId: 'op-same' })).op_id);
  expect(ids).toEqual(['op-same', 'op-same.2', 'op-same.3']);
});

test('one that waits too long gets the state as it is', async () => {
  const bench = new Bench();
  await using test = await testEngine([bench.plugin]);
  await test.engine.start();
  await test.call('p.work.begin', {}, { opId: 'op-slow' });
  expect(await test.call('op.wait', { op_id: 'op-slow', timeout_seconds: 0.01 })).toMatchObject({ state: 'running' });
});

describe('a caller', () => {
  test('whose connection is lost leaves its operation running', async () => {
    const bench = new Bench();
    await using test = await testEngine([bench.plugin], { listen: true });
    await test.engine.start();
    const client = await RpcClient.connect(socket(test.home));
    const lost = client.call('p.work', {}, { opId: 'op-left' });
    await bench.begins(1);
    client.close();
    await expect(lost).rejects.toMatchObject({ code: 'outcome_unknown' });
    expect(await test.call('op.status', { op_id: 'op-left' })).toMatchObject({ state: 'running' });
    expect(bench.unwound).toBe(0);
    bench.finish({ result: 1 });
    expect(await test.call('op.wait', { op_id: 'op-left' })).toMatchObject({ state: 'succeeded', result: 1 });
  });

  test('whose connection is lost ends a call that is no operation', async () => {
    const bench = new Bench();
    await using test = await testEngine([bench.plugin], { listen: true });
    await test.engine.start();
    const client = await RpcClient.connect(socket(test.home));
    const lost = client.call('p.bound').catch(() => {});
    await bench.begins(1);
    client.close();
    await lost;
    await expect.poll(() => bench.unwound).toBe(1);
  });

  test('that cancels its call cancels the operation', async () => {
    const bench = new Bench();
    await using test = await testEngine([bench.plugin], { listen: true });
    await test.engine.start();
    const client = await RpcClient.connect(socket(test.home));
    const cancel = new AbortController();
    const call = client.call('p.work', {}, { opId: 'op-cut', signal: cancel.signal });
    await bench.begins(1);
    cancel.abort();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    expect(await test.call('op.status', { op_id: 'op-cut' })).toMatchObject({ state: 'cancelled' });
    client.close();
  });
});

test('cancel ends it once; what it then fails with is told, and cancelling what has ended changes nothing', async () => {
  const bench = new Bench();
  await using test = await testEngine([bench.plugin]);
  await test.engine.start();
  await test.call('p.work.begin', {}, { opId: 'op-x' });
  await bench.begins(1);
  await test.call('p.work.cancel', { op_id: 'op-x' });
  const ended = await test.call('op.wait', { op_id: 'op-x' });
  expect(ended).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } });
  expect(await test.call('op.cancel', { op_id: 'op-x' })).toEqual(ended);
  await expect(test.call('op.cancel', { op_id: 'op-none' })).rejects.toMatchObject({ code: 'not_found' });
  await expect(test.call('p.work.status', { op_id: 'op-none' })).rejects.toMatchObject({ code: 'not_found' });
});

test('a failure keeps its code and hint; an unexpected one its secret', async () => {
  const bench = new Bench();
  await using test = await testEngine([bench.plugin]);
  await test.engine.start();
  for (const [opId, error] of [
    ['op-known', new NookError('conflict', 'Taken.', { hint: 'Choose.' })],
    ['op-odd', new Error('password is hunter2')],
  ] as const) {
    await test.call('p.work.begin', {}, { opId });
    await bench.begins(opId === 'op-known' ? 1 : 2);
    bench.finish({ error });
    await test.call('op.wait', { op_id: opId });
  }
  expect(await test.call('op.status', { op_id: 'op-known' })).toMatchObject({
    state: 'failed',
    error: { code: 'conflict', message: 'Taken.', hint: 'Choose.' },
  });
  const odd = await test.call('op.status', { op_id: 'op-odd' });
  expect(odd).toMatchObject({ state: 'failed', error: { code: 'internal' } });
  expect(JSON.stringify(odd)).not.toContain('hunter2');
});

describe('a stop of the daemon', () => {
  test('interrupts what still runs after the time that it is given, and says so', async () => {
    await using dir = await tempDir();
    const bench = new Bench();
    {
      await using test = await testEngine([bench.plugin], { home: dir.path, config: { daemon: { drain_seconds: 0 } } });
      await test.engine.start();
      await test.call('p.work.begin', {}, { opId: 'op-cut' });
      await bench.begins(1);
    }
    expect(bench.unwound).toBe(1);
    await using next = await testEngine([new Bench().plugin], { home: dir.path });
    await next.engine.start();
    expect(await next.call('op.status', { op_id: 'op-cut' })).toMatchObject({
      state: 'interrupted',
      stages: [{ stage: 'one' }, { stage: 'two' }],
    });
  });

  test('lets those finish that can in that time', async () => {
    await using dir = await tempDir();
    const bench = new Bench();
    const first = await testEngine([bench.plugin], { home: dir.path, config: { daemon: { drain_seconds: 10 } } });
    await first.engine.start();
    await first.call('p.work.begin', {}, { opId: 'op-done' });
    await bench.begins(1);
    const stopped = first.engine.stop();
    bench.finish({ result: 'in time' });
    await stopped;
    await using next = await testEngine([new Bench().plugin], { home: dir.path });
    await next.engine.start();
    expect(await next.call('op.status', { op_id: 'op-done' })).toMatchObject({ state: 'succeeded', result: 'in time' });
  });
});

test('of those that have ended only the latest are kept', async () => {
  const bench = new Bench();
  await using dir = await tempDir();
  const config = { daemon: { operations: { keep: 5 } } };
  {
    await using test = await testEngine([bench.plugin], { home: dir.path, config });
    await test.engine.start();
    for (let n = 1; n <= 60; n++) {
      await test.call('p.work.begin', {}, { opId: `op-${n}` });
      await bench.begins(n);
      bench.finish({ result: n });
      await test.call('op.wait', { op_id: `op-${n}` });
    }
    const { operations } = await test.call('op.list');
    expect(operations.length).toBeLessThan(20);
    expect(operations[0].op_id).toBe('op-60');
  }
  await using test = await testEngine([bench.plugin], { home: dir.path, config });
  await test.engine.start();
  const { operations } = await test.call('op.list');
  expect(operations.map(({ op_id }: OperationView) => op_id)).toEqual(['op-60', 'op-59', 'op-58', 'op-57', 'op-56']);
});

describe('an idempotency key', () => {
  test('gives the same operation for the same request, also after it has ended and after a restart', async () => {
    await using dir = await tempDir();
    const bench = new Bench();
    {
      await using test = await testEngine([bench.plugin], { home: dir.path });
      await test.engine.start();
      const key = { idempotencyKey: 'k-1' };
      const first = await test.call('p.work.begin', { n: 1, m: 2 }, { ...key, opId: 'op-first' });
      const again = await test.call('p.work.begin', { m: 2, n: 1 }, { ...key, opId: 'op-again' });
      expect(again.op_id).toBe(first.op_id);
      const waiting = test.call('p.work', { n: 1, m: 2 }, key);
      await bench.begins(1);
      bench.finish({ result: 'once' });
      expect(await waiting).toBe('once');
      expect(await test.call('p.work', { n: 1, m: 2 }, key)).toBe('once');
    }
    await using test = await testEngine([bench.plugin], { home: dir.path });
    await test.engine.start();
    expect(await test.call('p.work', { n: 1, m: 2 }, { idempotencyKey: 'k-1' })).toBe('once');
    expect(bench.begun).toBe(1);
  });

  test('used for other params or another method is a conflict', async () => {
    const bench = new Bench();
    await using test = await testEngine([bench.plugin]);
    await test.engine.start();
    await test.call('p.work.begin', { n: 1 }, { idempotencyKey: 'k' });
    for (const [method, params] of [
      ['p.work.begin', { n: 2 }],
      ['p.bound', { n: 1 }],
    ] as const) {
      await expect(test.call(method, params, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'conflict' });
    }
    expect(bench.begun).toBe(1);
  });

  test('makes a plain call once: together, later, and after a failure', async () => {
    const bench = new Bench();
    await using test = await testEngine([bench.plugin]);
    await test.engine.start();
    const calls = [1, 2, 3].map(() => test.call('p.bound', {}, { idempotencyKey: 'k' }));
    await bench.begins(1);
    bench.finish({ result: 5 });
    expect(await Promise.all(calls)).toEqual([5, 5, 5]);
    expect(await test.call('p.bound', {}, { idempotencyKey: 'k' })).toBe(5);
    const failing = test.call('p.bound', {}, { idempotencyKey: 'f' });
    await bench.begins(2);
    bench.finish({ error: new NookError('already_exists', 'There.', { hint: 'Look.' }) });
    const refused = { code: 'already_exists', message: 'There.', hint: 'Look.' };
    await expect(failing).rejects.toMatchObject(refused);
    await expect(test.call('p.bound', {}, { idempotencyKey: 'f' })).rejects.toMatchObject(refused);
    expect(bench.begun).toBe(2);
  });

  test('of a call that was given up may be used again, also by one that waited for it', async () => {
    const bench = new Bench();
    await using test = await testEngine([bench.plugin]);
    await test.engine.start();
    const cancel = new AbortController();
    const given = test.call('p.bound', {}, { idempotencyKey: 'k', signal: cancel.signal });
    const waiting = test.call('p.bound', {}, { idempotencyKey: 'k' });
    await bench.begins(1);
    cancel.abort(new NookError('cancelled', 'Given up.'));
    await expect(given).rejects.toMatchObject({ code: 'cancelled' });
    await bench.begins(2);
    bench.finish({ result: 'second' });
    expect(await waiting).toBe('second');
  });
});
