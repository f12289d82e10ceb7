import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { KernelInfo } from '../contract.ts';
import { vmlinux } from '../testing/kernel-file.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { type TestDaemon, testDaemon } from '../testing/test-daemon.ts';
import { runJob } from '../worker/run-job.ts';

const KERNEL = vmlinux();
const sha256 = createHash('sha256').update(KERNEL).digest('hex');

async function withServer(answer: RequestListener, check: (base: string, daemon: TestDaemon) => Promise<void>) {
  await using dir = await tempDir();
  await using daemon = testDaemon(join(dir.path, 'home'));
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await check(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, daemon);
    expect(await readdir(join(daemon.store, 'building')).catch(() => [])).toEqual([]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const pulled = (daemon: TestDaemon, params: object) => daemon.call('kernel.pull', params) as Promise<KernelInfo>;

test('a kernel of the web is fetched once, and stored under the last part of its URL', async () => {
  const requests: string[] = [];
  const answer: RequestListener = ({ url = '' }, response) => {
    requests.push(url);
    if (url.startsWith('/old')) response.writeHead(302, { location: '/new/vmlinux' }).end();
    else response.end(KERNEL);
  };
  await withServer(answer, async (base, daemon) => {
    const reference = `${base}/old/vmlinux`;
    const kernel = await pulled(daemon, { reference, sha256 });
    expect(kernel).toMatchObject({ name: 'vmlinux', digest: `sha256:${sha256}`, source: reference });
    expect((await readFile(kernel.vmlinux)).equals(KERNEL)).toBe(true);
    expect(await pulled(daemon, { reference, sha256: sha256.toUpperCase() })).toEqual(kernel);
    expect(await pulled(daemon, { reference, sha256, name: 'other' })).toEqual({ ...kernel, name: 'other' });
    expect(requests).toEqual(['/old/vmlinux', '/new/vmlinux']);
    const taken = pulled(daemon, { reference: `${base}/x`, sha256, name: 'other' });
    await expect(taken).rejects.toMatchObject({ code: 'already_exists' });
  });
});

test('what was cut off is gone on with, also where the server begins anew', async () => {
  const ranges: (string | undefined)[] = [];
  const half = KERNEL.length >> 1;
  const answer: RequestListener = ({ headers, url }, response) => {
    ranges.push(headers.range);
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    if (ranges.length === 1) {
      response.writeHead(200, { 'content-length': KERNEL.length });
      response.write(KERNEL.subarray(0, half), () => setImmediate(() => response.destroy()));
    } else if (url === '/resumes') response.writeHead(206).end(KERNEL.subarray(from));
    else response.end(KERNEL);
  };
  for (const path of ['resumes', 'begins-anew']) {
    ranges.length = 0;
    await withServer(answer, async (base, daemon) => {
      const kernel = await pulled(daemon, { reference: `${base}/${path}`, sha256 });
      expect((await stat(kernel.vmlinux)).size).toBe(KERNEL.length);
      expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    });
  }
});

test.each<[what: string, answer: RequestListener, code: string, message: RegExp]>([
  [
    'other content',
    (_, response) => void response.end(KERNEL.subarray(1)),
    'operation_failed',
    /has the digest sha256/,
  ],
  ['nothing there', (_, response) => void response.writeHead(404).end(), 'not_found', /answered 404/],
  ['a closed door', (_, response) => void response.writeHead(403).end(), 'unauthorized', /answered 403/],
  [
    'more than any kernel',
    (_, response) => void response.writeHead(200, { 'content-length': 2 ** 40 }).write('x'),
    'bad_request',
    /larger than 512 MiB/,
  ],
  [
    'redirects without end',
    (_, response) => void response.writeHead(302, { location: '/again' }).end(),
    'operation_failed',
    /more than 5 redirects/,
  ],
  [
    'a redirect to another host without TLS',
    (_, response) => void response.writeHead(302, { location: 'http://192.0.2.1/x' }).end(),
    'operation_failed',
    /no https URL/,
  ],
])('%s is refused', async (_what, answer, code, message) => {
  await withServer(answer, async (base, daemon) => {
    const pull = pulled(daemon, { reference: `${base}/vmlinux`, sha256 });
    await expect(pull).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(daemon.kernels.get('vmlinux')).toBeUndefined();
  });
});

test('more than was declared is not written', async () => {
  await withServer(
    (_, response) => void response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(KERNEL),
    async (base) => {
      await using dir = await tempDir();
      const job = { job: 'fetch' as const, url: base, digest: `sha256:${sha256}`, output: join(dir.path, 'out') };
      const options = { signal: new AbortController().signal, progress: () => {} };
      const run = runJob({ ...job, max_bytes: KERNEL.length - 1 }, options);
      await expect(run).rejects.toMatchObject({ code: 'bad_request', message: expect.stringContaining('larger than') });
      expect((await stat(job.output)).size).toBeLessThan(KERNEL.length);
    },
  );
});

test.each([
  [{ reference: 'https://host.example/vmlinux' }, /by its SHA-256 alone/],
  [{ reference: 'https://user:secret@host.example/vmlinux', sha256 }, /no URL/],
  [{ reference: 'https://host example/vmlinux', sha256 }, /no URL/],
  [{ reference: 'http://', sha256 }, /no URL/],
  [{ reference: 'debian', sha256 }, /no kernel 'debian#sha256/],
])('%o is refused', async (params, message) => {
  await using dir = await tempDir();
  await using daemon = testDaemon(dir.path);
  await expect(pulled(daemon, params)).rejects.toThrow(message);
});
