import { NookError } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import type { RpcHandler } from './index.ts';
import { RawClient, testServer } from './server.fixture.ts';

const served: string[] = [];
const handler: RpcHandler = (call) => {
  const { method, params, opId, idempotencyKey } = call.request;
  served.push(method);
  if (method === 'fail') throw new NookError('not_found', 'No.', { hint: 'Look.', details: { n: 1 } });
  if (method === 'odd') throw new Error('secret');
  if (method === 'params') throw new NookError('bad_params', 'Wrong.');
  if (method === 'unknown') throw new NookError('unknown_method', 'What?');
  if (method === 'upgrade') return call.upgrade(null);
  if (method === 'hang') {
    return new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));
  }
  call.progress({ stage: 'on it' });
  return { params, opId, key: idempotencyKey ?? null };
};

const ask = async (line: unknown) => {
  await using server = await testServer(handler);
  return await RawClient.ask(server.path, line);
};

test('a call by name, with op id and key in _meta, which the handler does not see', async () => {
  const params = { name: 'web', _meta: { op_id: 'op-mine', idempotency_key: 'k' } };
  expect(await ask({ jsonrpc: '2.0', id: 'a', method: 'do', params })).toEqual({
    jsonrpc: '2.0',
    id: 'a',
    result: { params: { name: 'web' }, opId: 'op-mine', key: 'k' },
  });
});

test.each([
  ['{"jsonrpc":"2.0","id":1,"method":"unknown"}', -32601, 'unknown_method', 1],
  ['{"jsonrpc":"2.0","id":1,"method":"params"}', -32602, 'bad_params', 1],
  ['{"jsonrpc":"2.0","id":1,"method":"odd"}', -32603, 'internal', 1],
  ['{"jsonrpc":"2.0","id":1,"method":"fail"}', -32000, 'not_found', 1],
  ['{"jsonrpc":"2.0","id":1,"method":"upgrade"}', -32600, 'bad_request', 1],
  ['{"jsonrpc":"2.0","id":1,"method":"do","params":[1]}', -32602, 'bad_params', 1],
  ['{"jsonrpc":"2.0","id":1,"method":"do","params":{"_meta":{"op_id":"no spaces"}}}', -32600, 'bad_request', 1],
  ['{"jsonrpc":"2.0","id":1,"method":7}', -32600, 'bad_request', 1],
  ['{"jsonrpc":"2.0","id":null,"method":"do"}', -32600, 'bad_request', null],
  ['{"jsonrpc":"2.0"}', -32600, 'bad_request', null],
  ['[{"jsonrpc":"2.0","id":1,"method":"do"}]', -32600, 'bad_request', null],
])('%s is refused with %d', async (line, number, code, id) => {
  const answer = await ask(line);
  expect(answer).toMatchObject({ jsonrpc: '2.0', id, error: { code: number, data: { code } } });
  expect(answer.error.data.op_id).toMatch(/^op-/);
  expect(JSON.stringify(answer)).not.toContain('secret');
});

test('an error keeps its hint and details', async () => {
  const { error } = await ask({ jsonrpc: '2.0', id: 1, method: 'fail' });
  expect(error).toMatchObject({ message: 'No.', data: { hint: 'Look.', details: { n: 1 } } });
});

test('a notification is done and not answered, whatever becomes of it', async () => {
  await using server = await testServer(handler);
  const client = await RawClient.connect(server.path);
  served.length = 0;
  client.send({ jsonrpc: '2.0', method: 'do' });
  client.send({ jsonrpc: '2.0', method: 'fail' });
  client.send({ jsonrpc: '2.0', method: 'do', params: [1] });
  client.send({ jsonrpc: '2.0', id: 9, method: 'last' });
  expect(await client.next()).toMatchObject({ id: 9 });
  expect(served).toEqual(['do', 'fail', 'last']);
  client.socket.destroy();
});

test('what is no JSON is a parse error on a connection that speaks JSON-RPC, which goes on', async () => {
  await using server = await testServer(handler);
  const client = await RawClient.connect(server.path);
  client.send({ jsonrpc: '2.0', id: 1, method: 'do' });
  await client.next();
  client.send('{"jsonrpc":');
  expect(await client.next()).toMatchObject({ id: null, error: { code: -32700 } });
  client.send({ jsonrpc: '2.0', id: 2, method: 'do' });
  expect(await client.next()).toMatchObject({ id: 2 });
  client.socket.destroy();
});

test('progress comes as notifications to who asks for it; a cancel still yields one answer', async () => {
  await using server = await testServer(handler);
  const client = await RawClient.connect(server.path);
  client.send({ jsonrpc: '2.0', id: 1, method: 'do', params: { _meta: { progress: true } } });
  expect(await client.next()).toMatchObject({ method: 'progress', params: { id: 1, progress: { stage: 'on it' } } });
  expect(await client.next()).toMatchObject({ id: 1, result: {} });
  client.send({ jsonrpc: '2.0', id: 2, method: 'hang' });
  client.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 2 } });
  expect(await client.next()).toMatchObject({ id: 2, error: { data: { code: 'cancelled' } } });
  client.socket.destroy();
});

test('both languages share a connection', async () => {
  await using server = await testServer(handler);
  const client = await RawClient.connect(server.path);
  client.send({ jsonrpc: '2.0', id: 1, method: 'do' });
  client.send({ version: 1, id: 2, method: 'fail' });
  expect(await client.next()).toMatchObject({ jsonrpc: '2.0', id: 1 });
  const answer = await client.next();
  expect(answer).toMatchObject({ id: 2, ok: false });
  client.socket.destroy();
});
