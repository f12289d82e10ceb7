import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ImageInfo } from '../packages/plugin-images/src/contract.ts';
import { run } from '../packages/plugin-images/src/testing/umoci.ts';
import { Home } from './harness/home.ts';

let home: Home;
let directory: string;
let busybox: ImageInfo;

beforeAll(async () => {
  home = await Home.create();
  directory = await mkdtemp(join(tmpdir(), 'nook-disk-'));
  busybox = JSON.parse(await home.ok('image', 'pull', 'busybox', '--json'));
}, 60_000);
afterAll(async () => {
  // The store is kept between runs.
  await home.nook(['image', 'rm', 'of-a-disk', 'mine']);
  await home[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** With its holes: it says that it has 10 GiB. */
function copy(from: string, to: string): void {
  run('cp', '--sparse=always', '--no-preserve=all', from, to);
}

async function change(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write('changed', 64 * 2 ** 20);
}

it('a qcow2 becomes an image that boots', async () => {
  const disk = join(directory, 'disk.qcow2');
  run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', busybox.path, disk);
  await home.ok('image', 'import', disk, '--name', 'of-a-disk');
  const flags = ['--rm', '--memory', '128M', '--image', 'of-a-disk'];
  const { code, stdout } = await home.nook(['vm', 'run', ...flags, '--', 'cat', '/etc/shells']);
  expect([code, stdout]).toEqual([0, '/bin/sh\n']);
});

it('a VM of a registered disk neither starts nor resumes once the disk has changed, and does when it is put back', async () => {
  const disk = join(directory, 'mine.raw');
  copy(busybox.path, disk);
  run('tune2fs', '-L', 'mine', disk);
  const kept = join(directory, 'kept.raw');
  copy(disk, kept);
  await home.ok('image', 'register', disk);
  await home.ok('vm', 'create', '--image', 'mine', '--memory', '128M', '--name', 'one');
  await change(disk);
  const { code, stderr } = await home.nook(['vm', 'start', 'one']);
  expect(code).not.toBe(0);
  expect(stderr).toContain('has changed since it was registered');
  copy(kept, disk);
  await home.ok('vm', 'start', 'one');
  await home.ok('vm', 'suspend', 'one');
  await change(disk);
  const resumed = await home.nook(['vm', 'resume', 'one']);
  expect(resumed.code).not.toBe(0);
  expect(resumed.stderr).toContain('has changed since it was registered');
  expect(await home.json('vm', 'show', 'one')).toMatchObject({ state: 'suspended' });
  copy(kept, disk);
  await home.ok('vm', 'resume', 'one');
  await home.ok('vm', 'stop', 'one');
  await home.ok('image', 'promote', 'mine');
  await rm(disk);
  await home.ok('vm', 'start', 'one');
  expect(await home.ok('vm', 'exec', 'one', '--', 'cat', '/etc/shells')).toBe('/bin/sh\n');
  await home.ok('vm', 'rm', '--force', 'one');
});
