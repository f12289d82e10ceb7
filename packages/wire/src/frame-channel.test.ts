import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { FrameChannel } from './frame-channel.ts';
import { FrameReader } from './frame-reader.ts';
import { RpcClient } from './rpc-client.ts';
import { testServer } from './server.fixture.ts';
import { connectUnix } from './unix-socket.ts';

function encode(kind: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32LE(payload.length, 0);
  header.writeUInt8(kind, 4);
  return Buffer.concat([header, payload]);
}

test('frames come out whole wherever the bytes were cut', () => {
  const frame = fc.record({ kind: fc.integer({ min: 0, max: 255 }), payload: fc.uint8Array({ maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(frame), fc.integer({ min: 1, max: 30 }), (frames, size) => {
      const bytes = Buffer.concat(frames.map(({ kind, payload }) => encode(kind, payload)));
      const reader = new FrameReader();
      const seen: { kind: number; payload: Uint8Array }[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        reader.push(bytes.subarray(at, at + size));
        for (let next = reader.next(); next !== undefined; next = reader.next()) {
          seen.push({ kind: next.kind, payload: new Uint8Array(next.payload) });
        }
      }
      expect(seen).toEqual(frames.map(({ kind, payload }) => ({ kind, payload: new Uint8Array(payload) })));
      expect(reader.empty).toBe(true);
    }),
  );
});

test('a frame that is too long cannot be read', () => {
  const reader = new FrameReader();
  reader.push(encode(1, new Uint8Array(0)).fill(0xff, 0, 4));
  expect(() => reader.next()).toThrow('too long');
});

/** A channel whose server end is handed out. */
async function pair() {
  const { promise, resolve } = Promise.withResolvers<FrameChannel>();
  const server = await testServer((call) => {
    const channel = call.upgrade(null);
    channel.write(1, Buffer.from('at once'));
    resolve(channel);
  });
  const { channel: client } = await (await RpcClient.connect(server.path)).upgrade('open');
  return { server, client, peer: await promise };
}

test('frames sent before anyone listens wait for the listener', async () => {
  const { server, client } = await pair();
  await using _ = server;
  const text = await new Promise((resolve) => {
    client.onFrame = (kind, payload) => resolve(`${kind} ${payload}`);
  });
  expect(text).toBe('1 at once');
  client.destroy();
});

test('a paused channel delivers nothing, and learns all the same that its peer is gone', async () => {
  const { server, client, peer } = await pair();
  await using _ = server;
  const frames: number[] = [];
  const gone = new Promise<Error | undefined>((resolve) => {
    peer.onClose = resolve;
  });
  peer.onFrame = (kind) => frames.push(kind);
  peer.pause();
  client.write(9, Buffer.from('x'));
  client.destroy();
  await gone;
  expect(frames).toEqual([]);
});

test('a channel that ended is read to its end by a peer that reads late', async () => {
  const { server, client, peer } = await pair();
  await using _ = server;
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
  try {
    let read = 0;
    client.onFrame = (_kind, payload) => {
      read += payload.length;
    };
    client.pause();
    peer.onFrame = () => {};
    for (let count = 0; count < 8; count++) peer.write(1, Buffer.alloc(100_000));
    peer.end();
    for (let minute = 0; minute < 3; minute++) {
      vi.advanceTimersByTime(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const closed = new Promise<Error | undefined>((resolve) => {
      client.onClose = resolve;
    });
    client.resume();
    expect(await closed).toBeUndefined();
    expect(read).toBe('at once'.length + 800_000);
  } finally {
    vi.useRealTimers();
  }
});

test('a peer that ends within a frame is an error', async () => {
  const { promise, resolve } = Promise.withResolvers<FrameChannel>();
  await using server = await testServer((call) => resolve(call.upgrade(null)));
  const socket = await connectUnix(server.path);
  socket.write('{"version":1,"method":"open"}\n');
  const channel = await promise;
  channel.onFrame = () => {};
  const error = new Promise<Error | undefined>((done) => {
    channel.onClose = done;
  });
  socket.end(Buffer.from([9, 0, 0, 0, 1, 5]));
  expect((await error)?.message).toMatch(/within a frame/);
});

test('a stream is refused beside other calls', async () => {
  await using server = await testServer(({ request, upgrade: _, ...call }) => {
    if (request.method === 'wait') return new Promise(() => {});
    return call;
  });
  const client = await RpcClient.connect(server.path);
  const waiting = client.call('wait');
  await expect(client.upgrade('open')).rejects.toMatchObject({ code: 'bad_request' });
  client.close();
  await expect(waiting).rejects.toMatchObject({ code: 'outcome_unknown' });
});
