import { mkdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDirs, resolveDirs } from './dirs.ts';
import { tempDir } from './temp-dir.fixture.ts';

test('NOOK_HOME holds everything', () => {
  expect(resolveDirs({ NOOK_HOME: '/h' })).toEqual({
    state: '/h/state',
    cache: '/h/cache',
    run: '/h/run',
    config: '/h/config',
    images: '/h/state/images',
  });
});

test('without it the XDG directories do, and /tmp when there is no runtime directory of this user', () => {
  const uid = process.getuid?.();
  expect(resolveDirs({ HOME: '/u', XDG_CACHE_HOME: 'relative', XDG_STATE_HOME: '/s' })).toEqual({
    state: '/s/nook',
    cache: '/u/.cache/nook',
    run: `/tmp/nook-${uid}`,
    config: '/u/.config/nook',
    images: '/s/nook/images',
  });
  expect(resolveDirs({ HOME: '/u', XDG_RUNTIME_DIR: '/does/not/exist' }).run).toBe(`/tmp/nook-${uid}`);
});

test('a runtime directory of this user is used', async () => {
  await using dir = await tempDir();
  expect(resolveDirs({ HOME: '/u', XDG_RUNTIME_DIR: dir.path }).run).toBe(join(dir.path, 'nook'));
});

test("the system's places are those of the user that they were given to", async () => {
  await using dir = await tempDir();
  const system = { state: '/var/lib/nook', cache: '/var/cache/nook', run: dir.path, config: '/etc/nook' };
  expect(resolveDirs({ HOME: '/u' }, undefined, system)).toEqual({ ...system, images: '/var/lib/nook/images' });
  expect(resolveDirs({ NOOK_HOME: '/h' }, undefined, system).state).toBe('/h/state');
  const others = { ...system, run: process.getuid?.() === 0 ? '/does/not/exist' : '/root' };
  expect(resolveDirs({ HOME: '/u' }, undefined, others).config).toBe('/u/.config/nook');
});

test('NOOK_STORE goes before the configuration, which goes before the default', () => {
  expect(resolveDirs({ NOOK_HOME: '/h' }, '/conf').images).toBe('/conf');
  expect(resolveDirs({ NOOK_HOME: '/h', NOOK_STORE: '/env' }, '/conf').images).toBe('/env');
});

test('directories are made private, and made private again', async () => {
  await using dir = await tempDir();
  const dirs = resolveDirs({ NOOK_HOME: dir.path });
  await mkdir(dirs.run, { mode: 0o755 });
  await makeDirs(dirs);
  await makeDirs(dirs);
  for (const path of Object.values(dirs)) expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('a link in the place of a directory is refused', async () => {
  await using dir = await tempDir();
  const dirs = resolveDirs({ NOOK_HOME: dir.path });
  await symlink('/tmp', dirs.run);
  await expect(makeDirs(dirs)).rejects.toMatchObject({ code: 'unavailable' });
});
