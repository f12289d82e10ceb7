import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { JSONRPCClient, JSONRPCErrorException } from 'json-rpc-2.0';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../packages/engine/src/index.ts';

let home: string;
let engine: Engine;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'nook-'));
  engine = createEngine({ plugins: [], env: { NOOK_HOME: home } });
  await engine.start();
});

afterAll(async () => {
  await engine.stop();
  await rm(home, { recursive: true });
});

/** A JSON-RPC library that knows nothing of nook, given lines of a unix socket. */
async function connect() {
  const socket = net.connect(join(home, 'run', 'nookd.sock'));
  await new Promise((resolve) => socket.once('connect', resolve));
  const client = new JSONRPCClient((request) => void socket.write(`${JSON.stringify(request)}\n`));
  createInterface({ input: socket }).on('line', (line) => client.receive(JSON.parse(line)));
  return { client, [Symbol.dispose]: () => socket.destroy() };
}

test('calls, at once and in any number', async () => {
  using connection = await connect();
  const { client } = connection;
  expect(await client.request('ping', {})).toMatchObject({ pid: process.pid });
  const answers = await Promise.all(Array.from({ length: 500 }, () => client.request('ping', {})));
  expect(answers).toHaveLength(500);
});

test('errors are what the library makes of errors, with the code that nook’s own wire gives', async () => {
  using connection = await connect();
  const call = (method: string, params: object) =>
    connection.client.request(method, params).then(undefined, (error: unknown) => error);
  const unknown = await call('pong', { _meta: { op_id: 'op-mine' } });
  expect(unknown).toBeInstanceOf(JSONRPCErrorException);
  expect(unknown).toMatchObject({ code: -32601, data: { code: 'unknown_method', op_id: 'op-mine' } });
  expect(await call('op.status', { op_id: 7 })).toMatchObject({ code: -32602, data: { code: 'bad_params' } });
  expect(await call('op.status', { op_id: 'op-none' })).toMatchObject({ code: -32000, data: { code: 'not_found' } });
});

test('a notification is not answered', async () => {
  using connection = await connect();
  connection.client.notify('ping', {});
  expect(await connection.client.request('ping', {})).toMatchObject({ pid: process.pid });
});
