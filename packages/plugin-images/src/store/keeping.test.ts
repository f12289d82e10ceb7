import { createWriteStream } from 'node:fs';
import { chmod, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { DoctorCheck } from '@nook/daemonapi';
import { buildTar } from '@nook/testkit';
import { expect, test } from 'vitest';
import type { ImageInfo } from '../contract.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { patient, type TestDaemon, type TestDaemonOptions, testDaemon } from '../testing/test-daemon.ts';
import { contentHash } from './content-hash.ts';
import { LEASE_MS, type Pruned, prunable } from './prune.ts';

const config = { size: '32MiB' };
const never = new AbortController().signal;

interface Place {
  readonly daemon: TestDaemon;
  readonly dir: string;
  readonly image: ImageInfo;
}

async function withImage(options: TestDaemonOptions, check: (place: Place) => Promise<void>) {
  await using dir = await tempDir();
  await using daemon = testDaemon(join(dir.path, 'home'), { config, ...options });
  const path = join(dir.path, 'root.tar');
  await writeFile(path, buildTar([{ name: 'bin/sh', content: 'x'.repeat(200_000) }]));
  const image = (await daemon.call('image.import', { name: 'mine', path })) as ImageInfo;
  await check({ daemon, dir: dir.path, image });
}

const integrity = ({ checks }: TestDaemon) =>
  checks.find(({ name }) => name === 'images.integrity') as DoctorCheck & Required<Pick<DoctorCheck, 'fix'>>;

/** Flips one byte in the middle of the file that the image consists of. */
async function flip({ path }: ImageInfo): Promise<void> {
  await chmod(path, 0o600);
  await using file = await open(path, 'r+');
  const buffer = Buffer.alloc(32 * 2 ** 20);
  await file.read(buffer, 0, buffer.length, 0);
  await file.write(Buffer.from('X'), 0, 1, buffer.indexOf('xxxxxxxx') + 1000);
}

test('a dry run says what goes and how large it is, and removes nothing', async () => {
  await withImage({}, async ({ daemon, image }) => {
    const { digest } = image;
    const dry = (await daemon.call('image.prune', { all: true, dry_run: true })) as Pruned;
    expect(dry).toEqual({
      dry_run: true,
      removed: [{ name: 'mine', digest, bytes: dry.bytes }],
      bytes: dry.bytes,
      blobs: { files: 0, bytes: 0 },
    });
    expect(dry.bytes).toBeGreaterThan(200_000);
    expect(daemon.images.get('mine')).toEqual(image);
    expect(await daemon.call('image.prune', { all: true })).toEqual({ ...dry, dry_run: false });
    expect(daemon.images.get('mine')).toBeUndefined();
    expect(await readdir(join(daemon.store, 'images'))).toEqual([]);
  });
});

test('what has a name, is stood on or was just asked for stays', async () => {
  await withImage({}, async ({ daemon, image }) => {
    expect(await daemon.call('image.prune', {})).toMatchObject({ removed: [] });
    await daemon.images.ensure('mine', patient());
    expect(await daemon.call('image.prune', { all: true })).toMatchObject({ removed: [] });
    expect(daemon.images.get(image.digest)).toBeDefined();
  });
  await withImage({ users: () => ['web'] }, async ({ daemon }) => {
    expect(await daemon.call('image.prune', { all: true })).toMatchObject({ removed: [] });
  });
});

test('a lease lasts ten minutes', () => {
  const stored = {
    name: 'mine',
    directory: '/',
    manifest: { format: 1, digest: 'd', source: '', created_at: 0 },
  } as const;
  const facts = { all: true, now: 10 * LEASE_MS, inUse: () => false };
  const after = (ms: number) => prunable([stored], { ...facts, leasedAt: () => facts.now - ms }).length;
  expect([after(0), after(LEASE_MS), after(LEASE_MS + 1)]).toEqual([0, 0, 1]);
});

test('what another home of the store asked for is kept, and that home is named, until it is gone', async () => {
  await withImage({}, async ({ daemon, dir }) => {
    const home = join(dir, 'other');
    await mkdir(home);
    await using other = testDaemon(home, { config, store: daemon.store });
    await other.images.ensure('mine', patient());
    const refused = { code: 'conflict', message: expect.stringContaining(home) };
    await expect(daemon.call('image.rm', { reference: 'mine' })).rejects.toMatchObject(refused);
    expect(await daemon.call('image.prune', { all: true })).toMatchObject({ removed: [] });
    await rm(home, { recursive: true });
    expect(await daemon.call('image.prune', { all: true })).toMatchObject({ removed: [{ name: 'mine' }] });
    expect(await readdir(join(daemon.store, 'leases'))).toEqual([]);
  });
});

test('a flipped byte is found, and what nobody uses is removed', async () => {
  await withImage({}, async ({ daemon, image }) => {
    const check = integrity(daemon);
    expect(await check.run(never)).toMatchObject([{ status: 'ok', item: 'images' }, { status: 'ok' }]);
    await flip(image);
    const damaged = expect.objectContaining({ status: 'error', item: 'image mine', repair: 'nook doctor --fix' });
    expect(await check.run(never)).toContainEqual(damaged);
    expect(daemon.images.get('mine')).toBeDefined();
    expect(await check.fix(never)).toContainEqual(expect.objectContaining({ status: 'ok', item: 'image mine' }));
    expect(daemon.images.get('mine')).toBeUndefined();
    expect((await check.run(never)).map(({ status }) => status)).toEqual(['ok', 'ok']);
  });
});

test('a damaged image that VMs stand on is left to the user', async () => {
  await withImage({ users: () => ['web'] }, async ({ daemon, image }) => {
    await flip(image);
    const found = await integrity(daemon).fix(never);
    expect(found).toContainEqual(expect.objectContaining({ status: 'error', evidence: expect.stringMatching(/web/) }));
    expect(daemon.images.get('mine')).toBeDefined();
  });
});

test('an image whose file is gone is found', async () => {
  await withImage({}, async ({ daemon, image }) => {
    await rm(image.path);
    expect(await integrity(daemon).run(never)).toContainEqual(expect.objectContaining({ status: 'error' }));
  });
});

test('the hash of content is the same whether a file has holes or zeros, and not for another place', async () => {
  await using dir = await tempDir();
  const [sparse, full, moved] = ['sparse', 'full', 'moved'].map((name) => join(dir.path, name)) as [
    string,
    string,
    string,
  ];
  for (const place of [sparse, full, moved]) await mkdir(place);
  const data = Buffer.alloc(5000, 'd');
  for (const [place, at] of [
    [sparse, 3 * 2 ** 20],
    [moved, 4 * 2 ** 20],
  ] as const) {
    await using file = await open(join(place, 'disk'), 'w');
    await file.truncate(8 * 2 ** 20);
    await file.write(data, 0, data.length, at);
  }
  const zeros = createWriteStream(join(full, 'disk'));
  const whole = Buffer.alloc(8 * 2 ** 20);
  data.copy(whole, 3 * 2 ** 20);
  zeros.end(whole);
  await finished(zeros);
  expect(await contentHash(full, never)).toBe(await contentHash(sparse, never));
  expect(await contentHash(moved, never)).not.toBe(await contentHash(sparse, never));
});
