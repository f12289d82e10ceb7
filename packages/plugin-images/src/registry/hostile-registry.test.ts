import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { tempDir } from '../testing/temp-dir.ts';
import { fetchBlob } from './blob-store.ts';
import { parseReference } from './reference.ts';
import { RegistryClient } from './registry-client.ts';

const BLOB = Buffer.alloc(100_000, 'blob');
const HEX = createHash('sha256').update(BLOB).digest('hex');
const { signal } = new AbortController();
const patience = { stallMs: 200, windowMs: 200, leastBytes: 1000, documentMs: 600 };

/** A server for what a real registry does not do on demand. */
async function withServer(listener: RequestListener, act: (client: RegistryClient, host: string) => Promise<void>) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  const credentials = { directory: '/nonexistent', home: '/nonexistent' };
  try {
    await act(new RegistryClient(parseReference(`${host}/a/b:c`), {}, { signal, patience, credentials }), host);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function fetchInto(directory: string, client: RegistryClient, size = BLOB.length): Promise<string> {
  const places = { blobs: join(directory, 'blobs'), locks: join(directory, 'locks') };
  const into = join(directory, 'into');
  for (const folder of [places.locks, into]) await mkdir(folder, { recursive: true });
  return fetchBlob({ digest: `sha256:${HEX}`, size }, { client, places, into, signal, onBytes: () => {} });
}

test.each<[string, RequestListener, string, RegExp]>([
  [
    'a manifest that says it is huge',
    (_, to) => to.writeHead(200, { 'content-length': 1e8 }).end('x'),
    'operation_failed',
    /4 MiB/,
  ],
  [
    'a manifest without an end',
    (_, to) => {
      const more = () =>
        void (to.writable && to.write(Buffer.alloc(2 ** 20, 32)) ? setImmediate(more) : to.once('drain', more));
      more();
    },
    'operation_failed',
    /more than 4194304 bytes/,
  ],
  [
    'redirects in a circle',
    ({ url }, to) => to.writeHead(302, { location: `${url}x` }).end(),
    'operation_failed',
    /more than 5 redirects/,
  ],
  [
    'a redirect to plain HTTP elsewhere',
    (_, to) => to.writeHead(302, { location: 'http://192.0.2.1/' }).end(),
    'operation_failed',
    /no https URL/,
  ],
  ['no JSON', (_, to) => to.end('<html>'), 'bad_request', /not JSON/],
  [
    'a demand for a token from elsewhere',
    (_, to) => to.writeHead(401, { 'www-authenticate': 'Bearer realm="http://192.0.2.1/t"' }).end(),
    'operation_failed',
    /no https URL/,
  ],
  [
    'a demand that nothing fits',
    (_, to) => to.writeHead(401, { 'www-authenticate': 'Negotiate' }).end(),
    'unauthorized',
    /does not let us/,
  ],
])('%s is refused', async (_what, listener, code, message) => {
  await withServer(listener, async (client) => {
    await expect(client.manifest()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

test.each<[string, number, number, RegExp]>([
  ['comes, though quick enough for a layer, for ever', 400, 50, /was not whole after 0\.6 s/],
  ['stops', 400, 10_000, /nothing came for 0\.2 s/],
])('a manifest that %s is given up', async (_what, bytes, everyMs, why) => {
  await withServer(
    (_, to) => {
      to.write('{"layers":');
      const drip = setInterval(() => to.write(Buffer.alloc(bytes, ' ')), everyMs);
      to.on('close', () => clearInterval(drip));
    },
    async (client) => {
      await expect(client.manifest()).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(why),
      });
    },
  );
});

test('a layer that is cut is gone on with, after 429 and 503 as well', async () => {
  await using dir = await tempDir();
  const asked: (string | undefined)[] = [];
  const answers: RequestListener[] = [
    (_, to) => to.writeHead(429, { 'retry-after': '0' }).end(),
    (_, to) => void to.writeHead(200).write(BLOB.subarray(0, 40_000), () => setTimeout(() => to.destroy(), 20)),
    (_, to) => to.writeHead(503, { 'retry-after': '0' }).end(),
    (_, to) => to.writeHead(206).end(BLOB.subarray(40_000)),
  ];
  await withServer(
    (from, to) => {
      asked.push(from.headers.range);
      answers.shift()?.(from, to);
    },
    async (client) => {
      expect(await readFile(await fetchInto(dir.path, client))).toEqual(BLOB);
    },
  );
  expect(asked).toEqual([undefined, undefined, 'bytes=40000-', 'bytes=40000-']);
});

test.each<[string, Buffer, number, RegExp]>([
  ['another content', Buffer.alloc(100_000, 'evil'), 100_000, /another content than/],
  ['more than it said', BLOB, 50_000, /longer than it says/],
])('a layer with %s is refused, and nothing of it stays', async (_what, sent, size, message) => {
  await using dir = await tempDir();
  await withServer(
    (_, to) => to.end(sent),
    async (client) => {
      const refused = { code: 'operation_failed', message: expect.stringMatching(message) };
      await expect(fetchInto(dir.path, client, size)).rejects.toMatchObject(refused);
      expect(await readdir(join(dir.path, 'blobs'))).toEqual([]);
    },
  );
});

test('a layer that is in use outlives the one that is pruned', async () => {
  await using dir = await tempDir();
  await withServer(
    (_, to) => to.end(BLOB),
    async (client) => {
      const path = await fetchInto(dir.path, client);
      await rm(join(dir.path, 'blobs', HEX));
      expect(await readFile(path)).toEqual(BLOB);
    },
  );
});

test('a server that drips is given up, and one that stops is asked again for the rest', async () => {
  await using dir = await tempDir();
  let asked = 0;
  await withServer(
    (from, to) => {
      asked += 1;
      const start = Number(/bytes=(\d+)-/.exec(from.headers.range ?? '')?.[1] ?? 0);
      if (asked > 2) return void to.writeHead(start > 0 ? 206 : 200).end(BLOB.subarray(start));
      to.writeHead(start > 0 ? 206 : 200);
      let at = start;
      const drip = asked === 1 ? setInterval(() => to.write(BLOB.subarray(at, ++at)), 20) : undefined;
      if (asked === 2) to.write(BLOB.subarray(at, at + 5000));
      to.on('close', () => clearInterval(drip));
    },
    async (client) => {
      expect(await readFile(await fetchInto(dir.path, client))).toEqual(BLOB);
    },
  );
  expect(asked).toBe(3);
});

test('credentials do not follow a redirect to another host', async () => {
  const seen: (string | undefined)[] = [];
  await withServer(
    (from, to) => {
      seen.push(from.headers.authorization);
      to.end('{}');
    },
    async (_client, elsewhere) => {
      await withServer(
        (from, to) => {
          if (from.url?.startsWith('/token')) to.end('{"token":"secret"}');
          else if (from.headers.authorization === undefined) {
            to.writeHead(401, { 'www-authenticate': `Bearer realm="http://${from.headers.host}/token"` }).end();
          } else to.writeHead(307, { location: `http://${elsewhere}/blob` }).end();
        },
        async (client) => {
          const { response } = await client.open(`sha256:${HEX}`, 0);
          expect(await response.text()).toBe('{}');
        },
      );
    },
  );
  expect(seen).toEqual([undefined]);
});

test('where nobody listens on this machine, it is asked once', async () => {
  let closed: RegistryClient | undefined;
  await withServer(
    () => {},
    async (client) => {
      closed = client;
    },
  );
  const asked = vi.spyOn(globalThis, 'fetch');
  const refused = { code: 'unavailable', message: expect.stringContaining('ECONNREFUSED') };
  await expect(closed?.manifest()).rejects.toMatchObject(refused);
  expect(asked).toHaveBeenCalledTimes(1);
  asked.mockRestore();
});
