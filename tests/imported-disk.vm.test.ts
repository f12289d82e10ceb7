import { mkdtemp, rm } from 'node:fs/promises';
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
  await home.nook(['image', 'rm', 'of-a-disk']);
  await home[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

it('a qcow2 becomes an image that boots', async () => {
  const disk = join(directory, 'disk.qcow2');
  run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', busybox.path, disk);
  await home.ok('image', 'import', disk, '--name', 'of-a-disk');
  const flags = ['--rm', '--memory', '128M', '--image', 'of-a-disk'];
  const { code, stdout } = await home.nook(['vm', 'run', ...flags, '--', 'cat', '/etc/shells']);
  expect([code, stdout]).toEqual([0, '/bin/sh\n']);
});
