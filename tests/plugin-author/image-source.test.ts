import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { NookError, type PluginDefinition, type Progress } from '@nook/daemonapi';
import { images } from '@nook/plugin-images';
import { buildTar, startTestDaemon } from '@nook/testkit';
import { conformance } from '@nook/testkit/conformance';
import { afterAll, describe, expect, test } from 'vitest';
import { vmlinux } from '../../packages/plugin-images/src/testing/kernel-file.ts';
import { startRegistry } from '../../packages/plugin-images/src/testing/registry.ts';
import { layoutOf, run } from '../../packages/plugin-images/src/testing/umoci.ts';
import { webImages } from './web-images.ts';

const FILES = {
  'tools.tar': buildTar([{ name: 'bin/tool', content: 'a tool' }]),
  vmlinux: vmlinux(),
  'packed.tar': gzipSync(buildTar([{ name: 'bin/tool', content: 'a packed tool' }])),
};
const requests: string[] = [];

const server = createServer(({ url = '' }, response) => {
  requests.push(url);
  const [name = '', sum] = url.slice(1).split(/(\.sha256)$/);
  const file = FILES[name as keyof typeof FILES];
  if (file === undefined) response.writeHead(404).end();
  else response.end(sum === undefined ? file : createHash('sha256').update(file).digest('hex'));
});
const folder = mkdtempSync(join(tmpdir(), 'nook-'));
const archive = join(folder, 'root.tar');
writeFileSync(archive, FILES['tools.tar']);
const kernel = join(folder, 'vmlinux');
writeFileSync(kernel, FILES.vmlinux);
const kernelSha256 = createHash('sha256').update(FILES.vmlinux).digest('hex');

await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const registry = await startRegistry(folder);
const pushed = `${registry.host}/tools:v1`;
const layout = await layoutOf(folder, [FILES['tools.tar']]);
run('skopeo', 'copy', '-q', '--dest-tls-verify=false', `oci:${layout}`, `docker://${pushed}`);

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const config = { images: { size: '32MiB' } };
const daemonOfBoth = () => startTestDaemon({ plugins: [images, webImages], config });

describe('an image of a source that a stranger wrote', () => {
  test('is pulled, and stands in the store under a name made of its reference', async () => {
    await using daemon = await daemonOfBoth();
    const seen: Progress[] = [];
    const reference = `${base}/tools.tar`;
    const image = await daemon.client.call('image.pull', { reference }, { onProgress: (update) => seen.push(update) });
    expect(image).toMatchObject({ source: expect.stringContaining('127.0.0.1'), config: { env: ['WEB=1'] } });
    expect(image.name).toMatch(/^http-127\.0\.0\.1-\d+-tools\.tar$/);
    expect(seen.map(({ stage }) => stage)).toContain('download');
    expect(await daemon.call('image.show', { reference })).toEqual(image);
    expect(await daemon.call('image.show', { reference: image.digest })).toEqual(image);
    expect(await daemon.call('image.list', {})).toContainEqual(
      expect.objectContaining({ name: image.name, state: 'ready' }),
    );
  });

  test('is fetched once, by whatever names it is asked for', async () => {
    await using daemon = await daemonOfBoth();
    const reference = `${base}/packed.tar`;
    const first = await daemon.call('image.pull', { reference });
    const fetched = () => requests.filter((url) => url === '/packed.tar').length;
    const before = fetched();
    const second = await daemon.call('image.pull', { reference, name: 'tools' });
    expect(second).toEqual({ ...first, name: 'tools' });
    expect(fetched()).toBe(before);
    await daemon.call('image.pull', { reference, name: 'tools', force: true });
    expect(fetched()).toBe(before + 1);
    const taken = { code: 'already_exists' };
    await expect(daemon.call('image.pull', { reference: `${base}/tools.tar`, name: 'tools' })).rejects.toMatchObject(
      taken,
    );
    await expect(daemon.call('image.pull', { reference, name: 'busybox' })).rejects.toMatchObject(taken);
  });

  test('and one that is not there, or of a source that is not, is refused with what to do', async () => {
    await using daemon = await daemonOfBoth();
    await expect(daemon.call('image.pull', { reference: `${base}/none.tar` })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('answers 404'),
    });
    await expect(daemon.call('image.pull', { reference: 'ftp://x/y.tar' })).rejects.toMatchObject({
      code: 'not_found',
      message: "No source of images here knows 'ftp:'.",
      hint: expect.stringMatching(/'debian:', 'ubuntu:', 'busybox:', 'file:', 'registry:', 'http:', 'https:'/),
    });
    expect((await daemon.call('image.list', {})).filter(({ state }) => state === 'ready')).toEqual([]);
  });

  test('goes by a name of the catalog that a stranger wrote as well', async () => {
    const entry = { name: 'tools', summary: 'A tool.', sources: [`${base}/none.tar`, `${base}/tools.tar`] };
    const catalog = (name: string, from = entry): PluginDefinition => ({
      ...{ ...webImages, name },
      setup: (context) => context.contribute('image.catalog', from),
    });
    await using daemon = await startTestDaemon({ plugins: [images, webImages, catalog('web-catalog')], config });
    const seen: Progress[] = [];
    const options = { onProgress: (update: Progress) => seen.push(update) };
    const image = await daemon.client.call('image.pull', { reference: 'tools' }, options);
    expect(image).toMatchObject({ name: 'tools', source: expect.stringContaining('127.0.0.1') });
    expect(seen.filter(({ stage }) => stage === 'catalog')).toHaveLength(1);
    expect(await daemon.call('image.list', { available: true })).toContainEqual(
      expect.objectContaining({ name: 'tools', state: 'ready', summary: 'A tool.', sources: entry.sources }),
    );
    const twice = startTestDaemon({ plugins: [images, catalog('a'), catalog('b')], config });
    await expect(twice).rejects.toThrow("'tools' is contributed to 'image.catalog' by plugin 'a' and plugin 'b'");
    const empty = startTestDaemon({ plugins: [images, catalog('a', { ...entry, sources: [] })], config });
    await expect(empty).rejects.toThrow("The entry 'tools' of a catalog");
  });

  test('is not brought by two that claim the same', async () => {
    const double: PluginDefinition = {
      ...webImages,
      name: 'web-double',
      setup(context) {
        const nothing = () => Promise.reject(new NookError('unavailable', 'There is nothing here.'));
        context.contribute('image.source', { name: 'mirror', schemes: ['http'], resolve: nothing, fetch: nothing });
      },
    };
    await expect(startTestDaemon({ plugins: [images, webImages, double], config })).rejects.toMatchObject({
      message: expect.stringMatching(/'http:' is claimed by (mirror and web|web and mirror)/),
    });
  });
});

describe('conformance', () => {
  conformance(webImages, { with: [images], config, images: [`${base}/tools.tar`] });

  conformance(images, {
    calls: { images: (capability) => capability.defaultImage(), kernels: (capability) => capability.get() },
    images: ['busybox:static', 'debian:bookworm', `file:${archive}`, `registry:${pushed}`],
    unreachable: { ubuntu: 'no archive of Ubuntu is certain to be there' },
    kernels: ['debian-cloud', `file:${kernel}`, `${base}/vmlinux#sha256=${kernelSha256}`],
  });
});
