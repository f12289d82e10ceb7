import { appendFile, copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { guestInitPath } from '../packages/guest/src/index.ts';
import { busyboxVm } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-guest-build-'));
});
afterAll(() => rm(dir, { recursive: true }));

it('an upgrade of nook leaves a VM the guest build that it has booted, and its forks; new ones have the new one', async () => {
  const init = join(dir, 'nook-init');
  await copyFile(guestInitPath(), init);
  await using home = await Home.create({ env: { NOOK_GUEST_INIT: init } });
  const pinOf = async (name: string) => (await home.json<{ guest_digest: string }>('vm', 'show', name)).guest_digest;
  const bootedBy = async (name: string) =>
    `sha256:${(await home.ok('vm', 'exec', name, '--', 'sha256sum', '/proc/1/exe')).split(' ')[0]}`;
  await busyboxVm(home, 'old');
  const first = await pinOf('old');
  expect(await bootedBy('old')).toBe(first);
  await home.ok('vm', 'stop', 'old');
  await home.ok('daemon', 'stop');
  // Programs end where their headers say: the same one, with another digest.
  await appendFile(init, 'of a later version');
  await home.ok('vm', 'start', 'old');
  await busyboxVm(home, 'new');
  expect([await pinOf('old'), await bootedBy('old')]).toEqual([first, first]);
  const second = await bootedBy('new');
  expect(second).not.toBe(first);
  expect(await pinOf('new')).toBe(second);
  await home.ok('vm', 'fork', 'old', 'copy');
  await home.ok('vm', 'rm', '--force', 'old');
  await home.ok('daemon', 'stop');
  await home.ok('vm', 'stop', 'copy');
  await home.ok('vm', 'start', 'copy');
  expect([await pinOf('copy'), await bootedBy('copy')]).toEqual([first, first]);
  await home.ok('vm', 'rm', '--force', 'copy', 'new');
  await home.ok('daemon', 'stop');
  await home.ok('vm', 'list');
  expect(await readdir(join(home.dir, 'state/guests'))).toEqual([]);
}, 120_000);
