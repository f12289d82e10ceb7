import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { NookError } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { byteStream } from './byte-stream.ts';
import { RpcClient } from './rpc-client.ts';
import { type TestServer, testServer } from './server.fixture.ts';

async function open(server: TestServer): Promise<Duplex> {
  const client = await RpcClient.connect(server.path);
  const { result, channel } = await client.upgrade('open');
  expect(result).toBe('opened');
  return byteStream(channel);
}

function streamServer(serve: (stream: Duplex) => void): Promise<TestServer> {
  return testServer((call) => serve(byteStream(call.upgrade('opened'), call.request.opId)));
}

const closed = (stream: Duplex) => new Promise((resolve) => stream.once('close', resolve));

test('64 MiB go both ways unchanged, and each end ends', async () => {
  const ends: Promise<unknown>[] = [];
  await using server = await streamServer((stream) => {
    ends.push(closed(stream));
    stream.pipe(stream);
  });
  const stream = await open(server);
  const block = randomBytes(1 << 20);
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  const reading = (async () => {
    for await (const chunk of stream) received.update(chunk);
  })();
  for (let count = 0; count < 64; count++) {
    sent.update(block);
    if (!stream.write(block)) await new Promise((resolve) => stream.once('drain', resolve));
  }
  stream.end();
  await reading;
  expect(received.digest('hex')).toBe(sent.digest('hex'));
  await Promise.all(ends);
});

test('one direction ends while the other goes on', async () => {
  await using server = await streamServer((stream) => {
    stream.resume();
    stream.once('end', () => stream.end('after your end'));
  });
  const stream = await open(server);
  stream.end('mine');
  let text = '';
  for await (const chunk of stream) text += chunk;
  expect(text).toBe('after your end');
});

test('a reader that does not read stops the writer', async () => {
  let peer: Duplex | undefined;
  await using server = await streamServer((stream) => {
    peer = stream;
  });
  const stream = await open(server);
  const gone = closed(stream);
  stream.on('error', () => {});
  stream.write(Buffer.alloc(4 << 20));
  const { promise: filled, resolve } = Promise.withResolvers<void>();
  const look = setInterval(() => {
    if ((peer?.readableLength ?? 0) >= 256 * 1024) resolve();
  }, 5);
  await filled;
  clearInterval(look);
  await new Promise((done) => setTimeout(done, 20));
  expect(peer?.readableLength).toBe(256 * 1024);
  stream.destroy();
  await gone;
  await new Promise((done) => peer?.on('error', done));
});

test('an error at one end is the error of the other', async () => {
  await using server = await streamServer((stream) => {
    stream.on('error', () => {});
    stream.destroy(new NookError('not_running', 'The VM stopped.', { hint: 'Start it.' }));
  });
  const stream = await open(server);
  const error = await new Promise((resolve) => stream.once('error', resolve));
  expect(error).toMatchObject({ code: 'not_running', message: 'The VM stopped.', hint: 'Start it.' });
});

test('a peer that is gone is an error, not an end', async () => {
  const errors: Promise<unknown>[] = [];
  await using server = await streamServer((stream) => {
    errors.push(new Promise((resolve) => stream.once('error', resolve)));
  });
  const stream = await open(server);
  stream.destroy();
  expect(await errors[0]).toMatchObject({ code: 'unavailable' });
});
