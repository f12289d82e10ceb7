import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { NookError } from '@nook/daemonapi';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_LINE_BYTES } from './limits.ts';
import { RpcClient } from './rpc-client.ts';
import type { ServerCall } from './serve-rpc.ts';
import { RawClient, testServer } from './server.fixture.ts';

const echo = ({ request }: ServerCall) => request.params;

/** Calls that wait until they are told to end. */
function gate() {
  const calls = new Map<string, { call: ServerCall; resolve: (value: unknown) => void }>();
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  return {
    calls,
    started,
    handler: (call: ServerCall) =>
      new Promise((resolve, reject) => {
        calls.set(call.request.method, { call, resolve });
        call.signal.addEventListener('abort', () => reject(call.signal.reason));
        start();
      }),
  };
}

describe('one request on a connection', () => {
  test('is answered without an id, and the connection ends', async () => {
    await using server = await testServer(echo);
    const client = await RawClient.connect(server.path);
    client.send({ version: 1, method: 'm', params: { a: 'ä€' } });
    expect(await client.next()).toEqual({ ok: true, result: { a: 'ä€' } });
    expect(await client.next()).toBeUndefined();
  });

  test('is answered when the client has shut down its writing side, with and without a newline', async () => {
    await using server = await testServer(async ({ request }) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return request.method;
    });
    for (const line of ['{"version":1,"method":"m"}\n', '{"version":1,"method":"m"}']) {
      const client = await RawClient.connect(server.path);
      client.socket.end(line);
      expect(await client.next()).toEqual({ ok: true, result: 'm' });
    }
  });

  test('works from a shell', async () => {
    await using server = await testServer(echo);
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      `echo '{"version":1,"method":"m"}' | socat - UNIX:${server.path}`,
    ]);
    expect(stdout).toBe('{"ok":true,"result":{}}\n');
  });
});

describe('what is no request', () => {
  const request = { version: 1, id: 7, method: 'm' };
  test.each([
    ['garbage', '\u0000\u0001 not json', 'bad_request'],
    ['an array', [request], 'bad_request'],
    ['null', 'null', 'bad_request'],
    ['no version', { method: 'm' }, 'bad_version'],
    ['a version of another type', { ...request, version: '1' }, 'bad_version'],
    ['a newer version', { ...request, version: 2 }, 'bad_version'],
    ['an id that is an object', { ...request, id: {} }, 'bad_request'],
    ['an id that is no finite number', '{"version":1,"id":1e999,"method":"m"}', 'bad_request'],
    ['no method', { version: 1 }, 'bad_request'],
    ['a method that is a number', { ...request, method: 3 }, 'bad_request'],
    ['params that are an array', { ...request, params: [] }, 'bad_params'],
    ['params that are null', { ...request, params: null }, 'bad_params'],
    ['a bad op id', { ...request, op_id: 'a b' }, 'bad_request'],
    ['an empty idempotency key', { ...request, idempotency_key: '' }, 'bad_request'],
    ['a cancel of nothing that could be an id', { version: 1, cancel: [] }, 'bad_request'],
    ['deep nesting', `{"version":1,"method":"m","params":{"a":${'['.repeat(100_000)}`, 'bad_request'],
    [
      'a hundred thousand keys',
      `{"version":1,"method":"m","params":{${'"a":1,'.repeat(100_000)}"b":2}}`,
      'bad_request',
    ],
  ])('%s gets a typed error with an op id', async (_, line, code) => {
    await using server = await testServer(echo);
    const answer = await RawClient.ask(server.path, line);
    expect(answer).toMatchObject({ ok: false, error: { code, op_id: expect.stringMatching(/^op-[a-z0-9]{6,}$/) } });
    expect(await RawClient.ask(server.path, { version: 1, method: 'm' })).toEqual({ ok: true, result: {} });
  });

  test('an op id that could be read is adopted by the error', async () => {
    await using server = await testServer(echo);
    const answer = await RawClient.ask(server.path, { ...request, version: 3, op_id: 'op-caller' });
    expect(answer).toMatchObject({ id: 7, error: { code: 'bad_version', op_id: 'op-caller' } });
  });

  test('a line of 5 MiB is refused and ends the connection, others go on', async () => {
    await using server = await testServer(echo);
    const other = await RawClient.connect(server.path);
    const client = await RawClient.connect(server.path);
    client.socket.write('x'.repeat(5 * 1024 * 1024));
    expect(await client.next()).toMatchObject({ ok: false, error: { code: 'bad_request' } });
    expect(await client.next()).toBeUndefined();
    other.send({ ...request, id: 1 });
    expect(await other.next()).toMatchObject({ id: 1, ok: true });
    other.socket.destroy();
  });

  test('on a connection with ids it costs nothing but its own answer', async () => {
    await using server = await testServer(echo);
    const client = await RawClient.connect(server.path);
    client.send(request);
    client.send('garbage');
    client.send({ ...request, id: 8 });
    expect((await client.next()).id).toBe(7);
    expect(await client.next()).toMatchObject({ ok: false, error: { code: 'bad_request' } });
    expect((await client.next()).id).toBe(8);
    client.socket.destroy();
  });

  test('random bytes never cost another connection its answer', async () => {
    await using server = await testServer(echo);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const client = await RawClient.connect(server.path);
        client.socket.write(bytes);
        expect(await RawClient.ask(server.path, { version: 1, method: 'm' })).toEqual({ ok: true, result: {} });
        client.socket.destroy();
      }),
      { numRuns: 50 },
    );
  });
});

describe('several calls on a connection', () => {
  test('answers come out of order, wherever the bytes were cut', async () => {
    await using server = await testServer(async ({ request }) => {
      if (request.params.late === true) await new Promise((resolve) => setTimeout(resolve, 5));
      return request.params.text;
    });
    const call = fc.record({ late: fc.boolean(), text: fc.string({ unit: 'grapheme' }) });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 20 }), fc.integer({ min: 1, max: 50 }), async (calls, size) => {
        const client = await RawClient.connect(server.path);
        const text = calls.map((params, id) => `${JSON.stringify({ version: 1, id, method: 'm', params })}\n`).join('');
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; at += size) client.socket.write(bytes.subarray(at, at + size));
        const answers = [];
        while (answers.length < calls.length) answers.push(await client.next());
        answers.sort((a, b) => a.id - b.id);
        expect(answers).toEqual(calls.map((params, id) => ({ id, ok: true, result: params.text })));
        client.socket.destroy();
      }),
      { numRuns: 30 },
    );
  });

  test('an id in flight is not taken twice', async () => {
    const { handler, calls, started } = gate();
    await using server = await testServer(handler);
    const client = await RawClient.connect(server.path);
    client.send({ version: 1, id: 'a', method: 'one' });
    await started;
    client.send({ version: 1, id: 'a', method: 'two' });
    expect(await client.next()).toMatchObject({ id: 'a', ok: false, error: { code: 'bad_request' } });
    calls.get('one')?.resolve('done');
    expect(await client.next()).toEqual({ id: 'a', ok: true, result: 'done' });
    client.send({ version: 1, id: 'a', method: 'three' });
    client.send({ version: 1, cancel: 'a' });
    expect(await client.next()).toMatchObject({ id: 'a', error: { code: 'cancelled' } });
    client.socket.destroy();
  });

  test('a cancelled call gets exactly one answer', async () => {
    const { handler, started } = gate();
    await using server = await testServer(handler);
    const client = await RawClient.connect(server.path);
    client.send({ version: 1, id: 1, method: 'm', op_id: 'op-mine' });
    await started;
    for (let times = 0; times < 3; times++) client.send({ version: 1, cancel: 1 });
    client.send({ version: 1, cancel: 'unknown' });
    client.send({ version: 1, id: 2, method: 'end', params: {} });
    client.send({ version: 1, cancel: 2 });
    expect(await client.next()).toMatchObject({ id: 1, ok: false, error: { code: 'cancelled', op_id: 'op-mine' } });
    expect(await client.next()).toMatchObject({ id: 2, ok: false });
    client.socket.destroy();
  });

  test('progress and events come before the answer, and only with an id', async () => {
    await using server = await testServer((call) => {
      call.progress({ stage: 'boot', done: 1, total: 2 });
      call.event({ seq: 1, topic: 't', at: 5, data: { x: 1 } });
      return 'end';
    });
    const client = await RawClient.connect(server.path);
    client.send({ version: 1, id: 1, method: 'm' });
    expect(await client.next()).toMatchObject({ id: 1, progress: { stage: 'boot', elapsed_ms: expect.any(Number) } });
    expect(await client.next()).toEqual({ id: 1, event: { seq: 1, topic: 't', at: 5, data: { x: 1 } } });
    expect(await client.next()).toEqual({ id: 1, ok: true, result: 'end' });
    client.socket.destroy();
    expect(await RawClient.ask(server.path, { version: 1, method: 'm' })).toEqual({ ok: true, result: 'end' });
  });

  test('more calls than may be in flight are all answered', async () => {
    await using server = await testServer(async ({ request }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return request.params.n;
    });
    const client = await RawClient.connect(server.path);
    for (let id = 0; id < 5000; id++) client.send({ version: 1, id, method: 'm', params: { n: id } });
    const seen = new Set<number>();
    for (let count = 0; count < 5000; count++) seen.add((await client.next()).result);
    expect(seen.size).toBe(5000);
    client.socket.destroy();
  });
});

describe('what a handler throws', () => {
  test('a NookError reaches the caller whole, anything else as internal without its words', async () => {
    const seen: unknown[] = [];
    await using server = await testServer(
      ({ request }) => {
        if (request.method === 'known')
          throw new NookError('not_found', 'No VM.', { hint: 'h', details: { name: 'a' } });
        if (request.method === 'bigint') return { n: 1n };
        throw new Error('secret');
      },
      { onError: (error) => seen.push(error) },
    );
    const ask = (method: string) => RawClient.ask(server.path, { version: 1, method, op_id: 'op-1' });
    expect(await ask('known')).toEqual({
      ok: false,
      error: { code: 'not_found', message: 'No VM.', op_id: 'op-1', hint: 'h', details: { name: 'a' } },
    });
    const other = await ask('other');
    expect(other.error.code).toBe('internal');
    expect(JSON.stringify(other)).not.toContain('secret');
    expect((await ask('bigint')).error.code).toBe('internal');
    expect(seen).toMatchObject([{ code: 'not_found' }, { message: 'secret' }, expect.any(TypeError)]);
  });
});

describe('a connection that is lost', () => {
  test.each([
    ['closed', false],
    ['half closed before', true],
  ])('%s: its calls are aborted', async (_, half) => {
    const { handler, calls, started } = gate();
    await using server = await testServer(handler);
    const client = await RawClient.connect(server.path);
    client.send({ version: 1, id: 1, method: 'm' });
    if (half) client.socket.end();
    await started;
    const signal = calls.get('m')?.call.signal as AbortSignal;
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
    client.socket.destroy();
    await aborted;
    expect(signal.reason).toMatchObject({ code: 'cancelled' });
  });

  test('its calls are aborted although it is not being read', async () => {
    const { handler, calls } = gate();
    await using server = await testServer(handler);
    const client = await RawClient.connect(server.path);
    for (let id = 0; id < 1100; id++) client.send({ version: 1, id, method: `m${id}` });
    while (calls.size < 1024) await new Promise((resolve) => setImmediate(resolve));
    const signal = calls.get('m0')?.call.signal as AbortSignal;
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
    client.socket.destroy();
    await aborted;
    expect(calls.size).toBe(1024);
  });
});

test('a reader that does not read costs bounded memory, and others nothing', async () => {
  const big = 'x'.repeat(100_000);
  let served = 0;
  await using server = await testServer(({ request }) => {
    served++;
    return request.id === undefined ? 'quick' : big;
  });
  const slow = await RawClient.connect(server.path);
  slow.socket.pause();
  for (let id = 0; id < 1000; id++) slow.send({ version: 1, id, method: 'm' });
  for (let turn = 0; turn < 50; turn++) {
    expect((await RawClient.ask(server.path, { version: 1, method: 'm' })).result).toBe('quick');
  }
  // 1 MiB may wait, and the kernel holds some hundred KiB.
  expect(served - 50).toBeLessThan(40);
  slow.socket.resume();
  for (let id = 0; id < 1000; id++) expect((await slow.next()).result).toBe(big);
  slow.socket.destroy();
});

describe('drain', () => {
  test('waits for what is in flight, refuses what is new, then closes', async () => {
    const { handler, calls, started } = gate();
    await using server = await testServer(handler);
    const client = await RawClient.connect(server.path);
    client.send({ version: 1, id: 1, method: 'm' });
    await started;
    const drained = server.connections[0]?.drain(10_000);
    client.send({ version: 1, id: 2, method: 'late' });
    expect(await client.next()).toMatchObject({ id: 2, error: { code: 'unavailable' } });
    calls.get('m')?.resolve('done');
    expect(await client.next()).toMatchObject({ id: 1, result: 'done' });
    await drained;
    expect(await client.next()).toBeUndefined();
  });

  test('cancels what is left at the deadline, also what does not listen', async () => {
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    await using server = await testServer(() => {
      start();
      return new Promise(() => {});
    });
    const client = await RawClient.connect(server.path);
    client.send({ version: 1, id: 1, method: 'm' });
    await started;
    await server.connections[0]?.drain(10);
    expect(await client.next()).toMatchObject({ id: 1, error: { code: 'cancelled' } });
  });
});

describe('what does not fit into a line', () => {
  const long = 'x'.repeat(MAX_LINE_BYTES);

  test('an answer is refused with its length, and its server told', async () => {
    const unsayable: unknown[] = [];
    const onUnsayable = (error: unknown) => unsayable.push(error);
    await using server = await testServer(({ request }) => (request.method === 'long' ? long : 1n), { onUnsayable });
    const client = await RawClient.connect(server.path);
    client.send({ version: 1, id: 1, method: 'long' });
    expect(await client.next()).toMatchObject({
      id: 1,
      error: { code: 'operation_failed', details: { max_bytes: MAX_LINE_BYTES } },
    });
    client.send({ version: 1, id: 2, method: 'big integer' });
    expect(await client.next()).toMatchObject({ id: 2, error: { code: 'internal' } });
    expect(unsayable).toHaveLength(2);
    client.socket.destroy();
  });

  test('an error loses its details, events are counted as missed, progress is left out', async () => {
    await using server = await testServer((call) => {
      call.progress({ stage: 'far', message: long });
      call.event({ seq: 1, topic: 't', at: 0, data: long });
      call.event({ seq: 2, topic: 't', at: 0, data: 'short' });
      throw new NookError('conflict', long, { hint: long, details: { long } });
    });
    const client = await RawClient.connect(server.path);
    client.send({ version: 1, id: 1, method: 'm' });
    expect(await client.next()).toMatchObject({ event: { seq: 2, gap: 1 } });
    const { error } = await client.next();
    expect(error).toMatchObject({ code: 'conflict' });
    expect(error).not.toHaveProperty('details');
    client.socket.destroy();
  });

  test('a request is not sent, and its connection goes on', async () => {
    await using server = await testServer(echo);
    const client = await RpcClient.connect(server.path);
    await expect(client.call('m', { long })).rejects.toMatchObject({ code: 'bad_request' });
    expect(await client.call('m', { a: 1 })).toEqual({ a: 1 });
    client.close();
  });
});

describe('many lines at once', () => {
  test('of one connection keep no other waiting, and are answered in order', async () => {
    const served: string[] = [];
    await using server = await testServer(({ request }) => {
      served.push(request.method);
      return request.id;
    });
    const greedy = await RawClient.connect(server.path);
    const modest = await RawClient.connect(server.path);
    // All of them in one read.
    const count = 1500;
    const lines = Array.from({ length: count }, (_, id) => `{"version":1,"id":${id},"method":"greedy"}\n`);
    greedy.socket.write(lines.join(''));
    await greedy.next();
    modest.send({ version: 1, id: 'x', method: 'modest' });
    expect(await modest.next()).toEqual({ id: 'x', ok: true, result: 'x' });
    // In lines of the other one, not in time: the machine's load has no part in it.
    expect(served.indexOf('modest')).toBeLessThan(count / 2);
    for (let id = 1; id < count; id++) expect((await greedy.next()).id).toBe(id);
    greedy.socket.destroy();
    modest.socket.destroy();
  });

  test('that came before a drain are all answered, the later ones with a refusal', async () => {
    await using server = await testServer(({ request }) => request.id);
    const client = await RawClient.connect(server.path);
    const count = 1500;
    client.socket.write(Array.from({ length: count }, (_, id) => `{"version":1,"id":${id},"method":"m"}\n`).join(''));
    await client.next();
    await server.connections[0]?.drain(1000);
    const codes: string[] = [];
    for (let answer = await client.next(); answer !== undefined; answer = await client.next()) {
      codes.push(answer.error?.code ?? 'ok');
    }
    expect(codes).toHaveLength(count - 1);
    expect(codes.at(-1)).toBe('unavailable');
    expect(codes.lastIndexOf('ok')).toBeLessThan(codes.indexOf('unavailable'));
  });
});

test('a sender that waits for room lets the end of its connection be told', async () => {
  const { promise: heard, resolve } = Promise.withResolvers<{ waits: number; aborted: boolean }>();
  await using server = await testServer(async (call) => {
    const { signal } = call;
    const data = 'x'.repeat(1_000);
    // Until neither the kernel nor the connection takes any more.
    for (let seq = 1; call.hasRoom; seq++) {
      call.event({ seq, topic: 't', at: 0, data });
      if (!call.hasRoom) void call.drained();
    }
    server.connections[0]?.close();
    let waits = 0;
    while (!call.hasRoom && !signal.aborted && waits < 100) {
      await call.drained();
      waits++;
    }
    resolve({ waits, aborted: signal.aborted });
  });
  const client = await RawClient.connect(server.path);
  client.socket.pause();
  client.send({ version: 1, id: 1, method: 'm' });
  expect(await heard).toEqual({ waits: 1, aborted: true });
});
