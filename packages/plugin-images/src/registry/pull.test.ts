import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTar } from '@nook/testkit';
import { afterEach, expect, test } from 'vitest';
import type { ImageInfo, ImagesPruned } from '../contract.ts';
import { lockFile } from '../processes/file-lock.ts';
import { HTPASSWD, startRegistry } from '../testing/registry.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';
import { layoutOf, manifestOf, manifestOfDisk, run } from '../testing/umoci.ts';

const config = { size: '64MiB' };
const LAYERS = [
  ['bin/', 'bin/sh', 'etc/', 'etc/a', 'etc/b'],
  ['etc/.wh.a', 'etc/c'],
].map((names) =>
  buildTar(
    names.map((name) => ({ name, type: name.endsWith('/') ? '5' : '0', content: name.endsWith('/') ? '' : name })),
  ),
);

afterEach(() => {
  delete process.env.DOCKER_CONFIG;
});

async function pushed(directory: string, host: string, ...more: readonly string[]): Promise<string> {
  const image = await layoutOf(directory, LAYERS);
  const env = [
    '--config.env',
    'A=1',
    '--config.workingdir',
    '/etc',
    '--config.user',
    '7',
    '--config.cmd',
    'run',
    '--config.exposedports',
    '80/tcp',
    '--config.stopsignal',
    'SIGQUIT',
  ];
  run('umoci', 'config', '--image', image, '--config.entrypoint', '/bin/sh', ...env);
  run('skopeo', 'copy', '-q', '--dest-tls-verify=false', ...more, `oci:${image}`, `docker://${host}/some/thing:v1`);
  return `${host}/some/thing:v1`;
}

test('an image of a registry becomes the tree that umoci unpacks, with its configuration', async () => {
  await using dir = await tempDir();
  await using registry = await startRegistry(dir.path);
  const reference = await pushed(dir.path, registry.host);
  await using daemon = testDaemon(join(dir.path, 'home'), { config });
  const image = (await daemon.call('image.pull', { reference })) as ImageInfo;
  expect(image.config).toEqual({
    env: expect.arrayContaining(['A=1']),
    cmd: ['run'],
    entrypoint: ['/bin/sh'],
    workdir: '/etc',
    user: '7',
    stopSignal: 'SIGQUIT',
    ports: ['80/tcp'],
  });
  expect(await daemon.images.ensure(reference, { signal: new AbortController().signal, progress: () => {} })).toEqual(
    image,
  );
  if (process.getuid?.() !== 0) return;
  run('umoci', 'unpack', '--image', `${dir.path}/layout:it`, join(dir.path, 'bundle'));
  const own = / d (?:0755|1777) 0:0 0,0 0 \S+ 0$/;
  const added = (line: string) =>
    !(/^\/(?:dev|proc|run|sys|tmp) /.test(line) && own.test(line)) && !line.startsWith('/ ');
  const theirs = manifestOf(dir.path, join(dir.path, 'bundle', 'rootfs')).filter(added);
  expect(theirs.length).toBe(5);
  expect(manifestOfDisk(dir.path, image.path).filter(added)).toEqual(theirs);
});

test('layers that are there are not fetched again, and a cut one is gone on with', async () => {
  await using dir = await tempDir();
  await using registry = await startRegistry(dir.path);
  const reference = await pushed(dir.path, registry.host);
  await using daemon = testDaemon(join(dir.path, 'home'), { config });
  const image = (await daemon.call('image.pull', { reference })) as ImageInfo;
  const blobs = join(daemon.store, 'blobs');
  const [cut = '', whole] = await readdir(blobs);
  expect(whole).toBeDefined();
  const bytes = await readFile(join(blobs, cut));
  await writeFile(join(blobs, `${cut}.partial`), bytes, { mode: 0o600 });
  await truncate(join(blobs, `${cut}.partial`), 20);
  await truncate(join(blobs, cut), 0);
  const before = registry.log.length;
  const again = (await daemon.call('image.pull', { reference, force: true })) as ImageInfo;
  expect(again.digest).toBe(image.digest);
  const fetched = registry.log.slice(before).filter((line) => /"GET \/v2\/some\/thing\/blobs\/\S+ HTTP/.test(line));
  expect(fetched.filter((line) => line.includes(whole ?? ''))).toEqual([]);
  expect(fetched.filter((line) => line.includes(cut))).toEqual([expect.stringContaining('" 206 ')]);
  expect(await readFile(join(blobs, cut))).toEqual(bytes);
  expect((await stat(join(blobs, cut))).mode & 0o777).toBe(0o600);
});

test('prune takes layers that are kept for later, but none that comes at this moment, and tells the bytes', async () => {
  await using dir = await tempDir();
  await using registry = await startRegistry(dir.path);
  const reference = await pushed(dir.path, registry.host);
  await using daemon = testDaemon(join(dir.path, 'home'), { config });
  const image = (await daemon.call('image.pull', { reference })) as ImageInfo;
  const blobs = join(daemon.store, 'blobs');
  const [comes = '', goes = ''] = await readdir(blobs);
  await writeFile(join(blobs, `${goes}.partial`), 'begun');
  const signal = new AbortController().signal;
  const dry = (await daemon.call('image.prune', { dry_run: true })) as ImagesPruned;
  expect(dry).toMatchObject({ removed: [], blobs: { files: 3, bytes: dry.bytes } });
  {
    await using _held = await lockFile(join(daemon.store, 'locks', `blob-${comes}`), { signal, waitSeconds: 1 });
    expect(await daemon.call('image.prune', {})).toMatchObject({ blobs: { files: 2 } });
  }
  expect(await readdir(blobs)).toEqual([comes]);
  expect(await daemon.call('image.prune', {})).toMatchObject({ blobs: { files: 1 } });
  expect(await readdir(blobs)).toEqual([]);
  expect(((await daemon.call('image.pull', { reference, force: true })) as ImageInfo).digest).toBe(image.digest);
});

test('what is not there is not found, and nothing is left', async () => {
  await using dir = await tempDir();
  await using registry = await startRegistry(dir.path);
  await using daemon = testDaemon(join(dir.path, 'home'), { config });
  const pull = daemon.call('image.pull', { reference: `${registry.host}/no/such:thing` });
  await expect(pull).rejects.toMatchObject({ code: 'not_found', hint: expect.any(String) });
  expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
});

test('a registry with a password is read with what docker has for it, and its secret stays there', async () => {
  await using dir = await tempDir();
  await using registry = await startRegistry(dir.path, { htpasswd: HTPASSWD });
  const reference = await pushed(dir.path, registry.host, '--dest-creds', 'user:secret-word');
  process.env.DOCKER_CONFIG = dir.path;
  await using daemon = testDaemon(join(dir.path, 'home'), { config });
  await expect(daemon.call('image.pull', { reference })).rejects.toMatchObject({ code: 'unauthorized' });
  const auth = Buffer.from('user:secret-word').toString('base64');
  await writeFile(join(dir.path, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  await daemon.call('image.pull', { reference });
  expect(run('grep', '-rlaE', '--exclude=disk.ext4', `secret-word|${auth}`, dir.path, '--include=*').trim()).toBe(
    join(dir.path, 'config.json'),
  );
});
