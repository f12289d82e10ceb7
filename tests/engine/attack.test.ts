import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectUnix } from '../../packages/wire/src/index.ts';
import { type BundledEngine, bundledEngine } from './daemon-methods.ts';

let daemon: BundledEngine;
const path = () => join(daemon.home, 'run', 'nookd.sock');

beforeAll(async () => {
  daemon = await bundledEngine();
});

afterAll(() => daemon[Symbol.asyncDispose]());

async function open(): Promise<Socket> {
  const socket = connect({ path: path(), allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
type Answer = any;

/** Sends lines on a connection of its own, ends it, and gives all that came back. */
async function exchange(lines: readonly string[]): Promise<Answer[]> {
  const socket = await open();
  socket.end(lines.map((line) => `${line}\n`).join(''));
  const answers: Answer[] = [];
  for await (const line of createInterface({ input: socket })) answers.push(JSON.parse(line));
  return answers;
}

/** The daemon still serves others. */
async function serves(): Promise<void> {
  expect(await exchange(['{"version":1,"method":"ping"}'])).toMatchObject([{ ok: true, result: { pid: process.pid } }]);
}

/** What 60 connections may have sent: some hundred KiB each are the kernel's, 128 KiB and a chunk the daemon's. */
const BOUND = 100 * 1024 * 1024;

const tame = fc.jsonValue({ maxDepth: 3 });

test('whatever params a method is given, it is never an internal error, and each call has one answer', async () => {
  const { methods } = (await daemon.engine.call('rpc.discover', {})) as {
    methods: { name: string; 'x-access': string; 'x-stream'?: boolean; params: { name: string }[] }[];
  };
  const harmless = methods.filter(
    (method) =>
      method['x-access'] === 'read' &&
      !method['x-stream'] &&
      !/^(op\.wait|event\.sub|daemon\.doctor)/.test(method.name),
  );
  expect(harmless.length).toBeGreaterThan(15);
  const call = fc.constantFrom(...harmless).chain(({ name, params }) =>
    fc.record({
      method: fc.constant(name),
      params: fc.oneof(
        tame,
        fc.record(Object.fromEntries(params.map((param) => [param.name, tame])), { requiredKeys: [] }),
      ),
      dialect: fc.constantFrom('nook', 'json-rpc'),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 30 }), async (calls) => {
      const lines = calls.map(({ dialect, ...rest }, id) =>
        JSON.stringify({ ...(dialect === 'nook' ? { version: 1 } : { jsonrpc: '2.0' }), id, ...rest }),
      );
      const answers = (await exchange(lines)).filter(({ progress }) => progress === undefined);
      expect(answers.map(({ id }) => id).sort((a, b) => a - b)).toEqual(calls.map((_, id) => id));
      const codes = answers.map(({ error }) => error?.data?.code ?? error?.code);
      expect(codes).not.toContain('internal');
    }),
    { numRuns: 60 },
  );
  await serves();
});

test('lines of any JSON, of any bytes, cut anywhere: at most one answer for each, and nobody else is harmed', async () => {
  const field = fc.constantFrom(
    'version',
    'jsonrpc',
    'id',
    'method',
    'params',
    'op_id',
    'cancel',
    'idempotency_key',
    'x',
  );
  const value = fc.oneof(tame, fc.constantFrom<unknown>(1, '2.0', 'ping', 'op.list', {}, null));
  const line = fc.oneof(
    fc.dictionary(field, value).map((object) => JSON.stringify(object)),
    fc.json(),
    fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ' ')),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 15 }), async (lines) => {
      const answers = await exchange(lines);
      expect(answers.length).toBeLessThanOrEqual(lines.length);
    }),
    { numRuns: 150 },
  );
  await serves();
});

test('a connection that is lost after any byte of a request harms nobody', async () => {
  const request = '{"version":1,"id":1,"method":"vm.list","op_id":"op-cut","params":{}}\n{"version":1,"cancel":1}\n';
  for (let length = 0; length <= request.length; length++) {
    const socket = await open();
    socket.write(request.slice(0, length), () => socket.destroy());
    await once(socket, 'close');
  }
  await serves();
});

describe('connections at once', () => {
  // More than the 4096 that the kernel lets wait for an accept: those beyond have to ask again.
  test.each([1000, 5000])('%i are all served, and let go of', async (count) => {
    const sockets = await Promise.all(Array.from({ length: count }, () => connectUnix(path(), { timeoutMs: 45_000 })));
    const answers = sockets.map(async (socket, id) => {
      socket.write(`{"version":1,"id":${id},"method":"ping"}\n`);
      const [chunk] = await once(socket, 'data');
      return JSON.parse(String(chunk)).id;
    });
    expect(await Promise.all(answers)).toEqual(sockets.map((_, id) => id));
    const connections = async () => (await daemon.engine.call('daemon.status', {})).connections;
    expect(await connections()).toBeGreaterThanOrEqual(count);
    for (const socket of sockets) socket.destroy();
    await expect.poll(connections, { timeout: 10_000 }).toBe(0);
  });
});

test('clients that ask and never read fill no memory, and keep nobody waiting', async () => {
  const before = process.memoryUsage().rss;
  const line = '{"version":1,"id":1,"method":"rpc.discover"}\n';
  const sockets = await Promise.all(Array.from({ length: 20 }, open));
  // 20 × 500 answers of 140 kB would be 1.4 GB.
  for (const socket of sockets) socket.pause().write(line.repeat(500));
  for (let n = 0; n < 20; n++) await serves();
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  for (const socket of sockets) socket.destroy();
  await serves();
});

test('a storm of cancels: each call has exactly one answer, whether it was over already or not', async () => {
  const socket = await open();
  const count = 1000;
  const lines: string[] = [];
  for (let id = 0; id < count; id++) {
    const method = id % 2 === 0 ? 'event.subscribe' : 'vm.list';
    lines.push(`{"version":1,"id":${id},"method":"${method}"}`);
    for (let times = 0; times < 3; times++) lines.push(`{"version":1,"cancel":${id}}`);
  }
  socket.end(`${lines.join('\n')}\n`);
  const answered = new Map<number, number>();
  for await (const text of createInterface({ input: socket })) {
    const { id, ok, error } = JSON.parse(text);
    if (ok === undefined) continue;
    if (ok === false) expect(error.code).toBe('cancelled');
    answered.set(id, (answered.get(id) ?? 0) + 1);
  }
  expect([...answered.values()]).toEqual(new Array(count).fill(1));
  await serves();
});

test('of many that ask and never read, a bounded amount is taken in', async () => {
  const flood = spawn(process.execPath, [join(import.meta.dirname, 'deaf-flood.ts'), path()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let latest = 0;
    let still = 0;
    for await (const line of createInterface({ input: flood.stdout })) {
      still = Number(line) === latest && latest > 0 ? still + 1 : 0;
      latest = Number(line);
      if (still === 5 || latest > BOUND) break;
    }
    expect(latest).toBeGreaterThan(0);
    expect(latest).toBeLessThan(BOUND);
    await serves();
  } finally {
    flood.kill('SIGKILL');
  }
});
