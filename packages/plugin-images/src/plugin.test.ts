import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTar } from '@nook/testkit';
import { expect, test } from 'vitest';
import { configSchema } from './config.ts';
import type { ImageInfo, ImageRow, KernelRow } from './contract.ts';
import { tempDir } from './testing/temp-dir.ts';
import { patient, type TestDaemonOptions, testDaemon } from './testing/test-daemon.ts';

async function withImage(options: TestDaemonOptions, check: (daemon: ReturnType<typeof testDaemon>) => Promise<void>) {
  await using dir = await tempDir();
  await using daemon = testDaemon(dir.path, { config: { size: '32MiB' }, ...options });
  const path = join(dir.path, 'root.tar');
  await writeFile(path, buildTar([{ name: 'bin/sh', content: 'x' }]));
  await daemon.call('image.import', { name: 'mine', path });
  await daemon.call('image.import', { name: 'alias', path });
  await check(daemon);
}

test('every capability can be called between setup and start', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(dir.path);
  expect(daemon.images.get('debian-12')).toBeUndefined();
  expect(daemon.kernels.get()).toBeUndefined();
  expect(daemon.images.defaultImage()).toBe('debian-12');
  await expect(daemon.images.ensure('nothing', patient())).rejects.toMatchObject({ code: 'not_found' });
});

test('the lists show what is there and what can be pulled', async () => {
  await withImage({}, async (daemon) => {
    const images = (await daemon.call('image.list', {})) as ImageRow[];
    expect(images.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'alias ready',
      'mine ready',
      'debian-12 available',
      'debian-13 available',
      'ubuntu-24.04 available',
      'alpine available',
      'busybox available',
    ]);
    expect(images[0]?.disk_bytes).toBeGreaterThan(0);
    const kernels = (await daemon.call('kernel.list', {})) as KernelRow[];
    expect(kernels.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'debian-cloud available',
      'debian available',
    ]);
  });
});

test('content goes with its last name, and is found by digest until then', async () => {
  await withImage({}, async (daemon) => {
    const { digest } = (await daemon.call('image.show', { reference: 'mine' })) as ImageInfo;
    expect(await daemon.call('image.rm', { reference: 'mine' })).toEqual({ name: 'mine', digest, deleted: false });
    expect(daemon.images.get(digest)?.name).toBe('alias');
    expect(await daemon.call('image.rm', { reference: 'alias' })).toEqual({ name: 'alias', digest, deleted: true });
    expect(daemon.images.get(digest)).toBeUndefined();
    await expect(daemon.call('image.rm', { reference: 'alias' })).rejects.toMatchObject({ code: 'not_found' });
  });
});

test('what VMs stand on is not removed', async () => {
  await withImage({ users: () => ['web', 'db'] }, async (daemon) => {
    const { digest } = (await daemon.call('image.show', { reference: 'mine' })) as ImageInfo;
    const refused = { code: 'conflict', message: expect.stringContaining('VMs web, db') };
    await expect(daemon.call('image.rm', { reference: digest })).rejects.toMatchObject(refused);
    await daemon.call('image.rm', { reference: 'mine' });
    await expect(daemon.call('image.rm', { reference: 'alias' })).rejects.toMatchObject(refused);
    expect(daemon.images.get('alias')?.digest).toBe(digest);
  });
});

test.each([
  [{ name: 'Über', path: '/x' }, 'bad_params'],
  [{ name: '../x', path: '/x' }, 'bad_params'],
  [{ name: 'debian-12', path: '/x' }, 'already_exists'],
  [{ name: 'mine', path: '/x' }, 'already_exists'],
  [{ name: 'new', path: 'relative' }, 'bad_params'],
  [{ name: 'new', path: '/nonexistent/root.tar' }, 'not_found'],
  [{ name: 'new', path: '/' }, 'bad_request'],
])('the import of %o is refused with %s', async (params, code) => {
  await withImage({}, async (daemon) => {
    await expect(daemon.call('image.import', params)).rejects.toMatchObject({ code });
  });
});

test.each([
  [{ size: 'big' }, /size such as "10GiB"/],
  [{ size: '1MiB' }, /from 16 MiB to 16 TiB/],
  [{ mirror: 'ftp://example.org' }, /http or https URL/],
  [{ keyring: 'keys.gpg' }, /absolute path/],
  [{ mirorr: 'x' }, /mirorr/],
])('the config %o is refused', (config, message) => {
  const issues = configSchema.safeParse(config).error?.issues.map((issue) => issue.message);
  expect(issues?.join('\n')).toMatch(message);
});

test('sizes in config are bytes', () => {
  const config = configSchema.parse({ size: '1.5GiB', max_import_bytes: '512M' });
  expect([config.size, config.max_import_bytes]).toEqual([1.5 * 2 ** 30, 2 ** 29]);
});
