import { existsSync, mkdirSync } from 'node:fs';
import { copyFile, lstat, readdir, readFile, rm, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImageInfo, ImageRow } from '../contract.ts';
import { copyOf, partitionedDisk, poke, pokeSuperblock, rawDisk } from '../testing/disk-files.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { patient, type TestDaemon, testDaemon } from '../testing/test-daemon.ts';
import { run } from '../testing/umoci.ts';

let dir: Awaited<ReturnType<typeof tempDir>>;
let disk: string;
let count = 0;

beforeAll(async () => {
  dir = await tempDir();
  disk = rawDisk(dir.path);
});
afterAll(() => dir[Symbol.asyncDispose]());

interface Place {
  readonly daemon: TestDaemon;
  /** The user's file. */
  readonly file: string;
  readonly image: ImageInfo;
}

async function withRegistered(check: (place: Place) => Promise<void>): Promise<void> {
  count += 1;
  const file = copyOf(disk, `registered-${count}`);
  await using daemon = testDaemon(join(dir.path, `home-${count}`), { config: { size: '64MiB' } });
  const image = (await daemon.call('image.register', { path: file, name: 'mine' })) as ImageInfo;
  await check({ daemon, file, image });
  expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
}

const integrity = ({ checks }: TestDaemon) => checks.find(({ name }) => name === 'images.integrity');
const never = new AbortController().signal;

test('a registered disk is used where it is, and neither changed nor removed with its image', async () => {
  await withRegistered(async ({ daemon, file, image }) => {
    const before = await readFile(file);
    expect(image).toMatchObject({ name: 'mine', registered_path: file, size_bytes: 16 * 2 ** 20 });
    expect(await daemon.images.ensure('mine', patient())).toEqual(image);
    expect((await readFile(image.path)).equals(before)).toBe(true);
    const [row] = (await daemon.call('image.list', {})) as ImageRow[];
    expect(row).toMatchObject({ name: 'mine', state: 'ready', summary: `register ${file}` });
    expect(row?.disk_bytes).toBeLessThan(100_000);
    const found = await integrity(daemon)?.run(never);
    expect(found?.[0]?.evidence).toMatch(/^1 as they were stored/);
    await daemon.call('image.prune', { all: true });
    await daemon.call('image.rm', { reference: 'mine' });
    expect(await readdir(join(daemon.store, 'images'))).toEqual([]);
    expect((await readFile(file)).equals(before)).toBe(true);
  });
});

test('one that has changed, or is gone, is refused; put back it is good again', async () => {
  await withRegistered(async ({ daemon, file, image }) => {
    poke(file, [5_000_000, Buffer.from('changed')]);
    const changed = { code: 'conflict', message: expect.stringContaining('has changed'), hint: expect.any(String) };
    await expect(daemon.images.ensure('mine', patient())).rejects.toMatchObject(changed);
    await expect(daemon.call('image.promote', { reference: 'mine' })).rejects.toMatchObject(changed);
    const [, finding] = (await integrity(daemon)?.run(never)) ?? [];
    expect(finding).toMatchObject({ status: 'error', item: 'image mine' });
    await rm(file);
    const gone = { code: 'conflict', message: expect.stringContaining('is gone') };
    await expect(daemon.images.ensure('mine', patient())).rejects.toMatchObject(gone);
    await copyFile(disk, file);
    await utimes(file, 1, 1);
    expect(await daemon.images.ensure(image.digest, patient())).toEqual(image);
    await utimes(file, 2, 2);
    expect(await daemon.images.ensure('mine', patient())).toEqual(image);
  });
});

test('what is promoted is the store’s own, and needs the file no more', async () => {
  await withRegistered(async ({ daemon, file, image }) => {
    const { registered_path: _, ...owned } = image;
    expect(await daemon.call('image.promote', { reference: 'mine' })).toEqual(owned);
    expect(await daemon.call('image.promote', { reference: image.digest })).toEqual(owned);
    expect((await lstat(image.path)).isFile()).toBe(true);
    await rm(file);
    expect(await daemon.images.ensure('mine', patient())).toEqual(owned);
    expect((await readFile(image.path)).equals(await readFile(disk))).toBe(true);
    expect((await integrity(daemon)?.run(never))?.length).toBe(2);
  });
});

test('a disk that is registered and then imported is one image, which the store has', async () => {
  await withRegistered(async ({ daemon, file, image }) => {
    const imported = (await daemon.call('image.import', { path: file, name: 'copy' })) as ImageInfo;
    expect(imported).toMatchObject({ digest: image.digest, path: image.path });
    expect(imported.registered_path).toBeUndefined();
    expect((await lstat(image.path)).isFile()).toBe(true);
  });
});

test.each<[string, () => string, string, RegExp]>([
  ['a qcow2', () => qcow2(), 'bad_request', /not a raw disk/],
  ['a disk with partitions', () => partitionedDisk(dir.path, disk, 'mbr'), 'bad_request', /not a raw disk/],
  ['a folder', () => folder(), 'bad_request', /not a raw disk/],
  ['an ext4 that lies', () => lying(), 'bad_request', /the disk has/],
  ['one that is in use', () => unclean(), 'bad_request', /not unmounted/],
  ['what is not there', () => join(dir.path, 'nothing'), 'not_found', /no file/],
  ['a relative path', () => 'disk', 'bad_params', /not absolute/],
])('%s cannot be registered, and nothing is left', async (_what, make, code, message) => {
  await using daemon = testDaemon(join(dir.path, 'other'), { config: { size: '64MiB' } });
  const refused = { code, message: expect.stringMatching(message) };
  await expect(daemon.call('image.register', { path: make(), name: 'x' })).rejects.toMatchObject(refused);
  expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
  expect(await readdir(join(daemon.store, 'images'))).toEqual([]);
});

test('a link is followed once, when it is registered', async () => {
  await using daemon = testDaemon(join(dir.path, 'linked'), { config: { size: '64MiB' } });
  const link = join(dir.path, 'link.raw');
  await symlink(disk, link);
  const image = (await daemon.call('image.register', { path: link })) as ImageInfo;
  expect(image).toMatchObject({ name: 'link', registered_path: disk });
  await rm(link);
  expect(await daemon.images.ensure('link', patient())).toEqual(image);
});

function qcow2(): string {
  const path = join(dir.path, 'it.qcow2');
  run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', disk, path);
  return path;
}

function folder(): string {
  const path = join(dir.path, 'folder');
  if (!existsSync(path)) mkdirSync(path);
  return path;
}

function lying(): string {
  const path = copyOf(disk, 'lying');
  pokeSuperblock(path, 4, 1_000_000);
  return path;
}

function unclean(): string {
  const path = copyOf(disk, 'unclean');
  run('debugfs', '-w', '-R', 'feature needs_recovery', path);
  return path;
}
