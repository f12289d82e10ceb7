import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '@nook/daemonapi';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GuestBuilds } from './guest-builds.ts';
import { guestOf, guestPinOf } from './pinned-guest.ts';
import type { GuestPin } from './records.ts';

let dir: string;
let guestBuilds: GuestBuilds;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-guests-'));
  guestBuilds = new GuestBuilds(join(dir, 'guests'));
  await bring('first');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

/** Has nook bring a build. */
async function bring(content: string): Promise<void> {
  await writeFile(join(dir, content), content);
  vi.stubEnv('NOOK_GUEST_INIT', join(dir, content));
}

async function started(guest: GuestPin | undefined) {
  const said: Progress[] = [];
  const run = { boot: 1, steps: [], guest };
  const build = await guestOf({ run }, { guestBuilds }, { progress: (update) => void said.push(update) });
  return { build, said };
}

test('a VM boots the build that it had, though nook brings another one by now, and after a restart of the daemon', async () => {
  const first = (await started(undefined)).build;
  await bring('second');
  const second = (await started(undefined)).build;
  expect(second.digest).not.toBe(first.digest);
  expect(await started(guestPinOf(first))).toEqual({ build: first, said: [] });
  guestBuilds = new GuestBuilds(join(dir, 'guests'));
  await rm(join(dir, 'first'));
  expect(await started(guestPinOf(first))).toEqual({ build: first, said: [] });
});

test('one whose build was changed, or removed, or cannot be spoken to boots the current one, and says so', async () => {
  const first = (await started(undefined)).build;
  await bring('second');
  const { build: second } = await started(undefined);
  const old = await started({ ...guestPinOf(first), protocol: 0 });
  expect(old).toEqual({ build: second, said: [{ stage: 'initramfs', message: expect.stringContaining('version 0') }] });
  await writeFile(first.path, 'evil');
  const gone = { build: second, said: [{ stage: 'initramfs', message: expect.stringContaining('gone or damaged') }] };
  expect(await started(guestPinOf(first))).toEqual(gone);
  await rm(first.path);
  expect(await started(guestPinOf(first))).toEqual(gone);
});

test('what no VM boots is removed, and what nook brings is kept anew when it is wanted', async () => {
  const first = await guestBuilds.current();
  await bring('second');
  const second = await guestBuilds.current();
  await writeFile(join(dir, 'guests/left.tmp'), 'half');
  await guestBuilds.sweep(new Set([first.digest, undefined]));
  expect(await readdir(join(dir, 'guests'))).toEqual([first.digest.slice('sha256:'.length)]);
  expect(await guestBuilds.current()).toEqual(second);
  expect((await readdir(join(dir, 'guests'))).length).toBe(2);
});
