import { once } from 'node:events';
import { NookError } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { RpcClient } from './rpc-client.ts';
import { testServer } from './server.fixture.ts';
import { opIdOf } from './wire-error.ts';

const whenAborted = ({ signal }: { signal: AbortSignal }) =>
  once(signal, 'abort').then(() => {
    throw signal.reason;
  });

test('carries op id, idempotency key, progress and result', async () => {
  await using server = await testServer((call) => {
    call.progress({ stage: 'one' });
    const { opId, idempotencyKey } = call.request;
    return { opId, idempotencyKey };
  });
  const client = await RpcClient.connect(server.path);
  const stages: string[] = [];
  const result = await client.call(
    'm',
    {},
    { opId: 'op-x', idempotencyKey: 'k', onProgress: ({ stage }) => stages.push(stage) },
  );
  expect(result).toEqual({ opId: 'op-x', idempotencyKey: 'k' });
  expect(stages).toEqual(['one']);
  client.close();
});

test('throws what the server answered, with its op id', async () => {
  await using server = await testServer(() => {
    throw new NookError('conflict', 'No.', { hint: 'Wait.' });
  });
  const client = await RpcClient.connect(server.path);
  const error = await client.call('m', {}, { opId: 'op-y' }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'conflict', message: 'No.', hint: 'Wait.' });
  expect(opIdOf(error)).toBe('op-y');
  client.close();
});

test('a signal cancels the call, a deadline ends it', async () => {
  await using server = await testServer(whenAborted);
  const client = await RpcClient.connect(server.path);
  const controller = new AbortController();
  const call = client.call('m', {}, { signal: controller.signal });
  controller.abort();
  await expect(call).rejects.toMatchObject({ code: 'cancelled' });
  await expect(client.call('m', {}, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
  await expect(client.call('m', {}, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'timeout' });
  client.close();
});

test('a lost connection leaves the outcome unknown, and later calls are refused', async () => {
  await using server = await testServer(() => new Promise(() => {}));
  const client = await RpcClient.connect(server.path);
  const call = client.call('m');
  await expect.poll(() => server.connections.length).toBe(1);
  server.connections[0]?.close();
  await expect(call).rejects.toMatchObject({ code: 'outcome_unknown' });
  await client.closed;
  await expect(client.call('m')).rejects.toMatchObject({ code: 'unavailable' });
});

test('answers with fields of their own are taken as they are', async () => {
  await using server = await testServer(() => ({ state: 'running' }), { encodeAnswer: (result) => result as never });
  const client = await RpcClient.connect(server.path);
  expect(await client.call('status')).toEqual({ state: 'running' });
  client.close();
});
