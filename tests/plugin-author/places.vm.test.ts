import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Home, ROOT } from '../harness/home.ts';
import { InstalledPlace } from './installed-place.ts';

const EXAMPLE = join(ROOT, 'examples/custom-daemon');
const TSX = join(ROOT, 'node_modules/.bin/tsx');

/** A home whose command line is `program`, and whose daemon is that of the config where one is given. */
async function homeOf(program: readonly string[], daemon?: readonly string[]): Promise<Home> {
  const home = await Home.create({ program });
  await mkdir(join(home.dir, 'config'), { mode: 0o700, recursive: true });
  const section = daemon === undefined ? '' : `[daemon]\ncommand = ${JSON.stringify(daemon)}\n\n`;
  const text = `${section}[webhook]\nsecret = "a secret of the tests"\n`;
  await writeFile(join(home.dir, 'config/config.toml'), text, { mode: 0o600 });
  return home;
}

/** A machine that boots proves that the vmhost and the guest were found, an imported image that the worker was. */
async function bootsAndHasThePlugin(home: Home, from: string): Promise<void> {
  expect(await home.ok('vm', 'run', '--rm', '--image', 'busybox', '--memory', '256M', '--', 'echo', 'booted')).toBe(
    'booted\n',
  );
  const tar = join(home.dir, 'root.tar');
  await promisify(execFile)('tar', ['-cf', tar, '-C', import.meta.dirname, 'package.json']);
  const image = `places-${randomUUID()}`;
  await home.ok('image', 'import', image, tar);
  await home.ok('image', 'rm', image);
  const plugins = await home.json<{ name: string; from: string }[]>('plugin', 'list');
  expect(plugins.find(({ name }) => name === 'vm')?.from).toContain(from);
  expect(await home.json('webhook', 'stats')).toMatchObject({ target: null });
}

async function build(out: string, ...entries: readonly string[]): Promise<void> {
  const args = [join(ROOT, 'tools/build/build.ts'), '--out', out, ...entries];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT });
}

describe('a daemon and a command line of one’s own boot a machine', () => {
  it('from their sources, with tsx', async () => {
    await using home = await homeOf([TSX, join(EXAMPLE, 'nook.ts')], [TSX, join(EXAMPLE, 'nookd.ts')]);
    await bootsAndHasThePlugin(home, '/packages/plugin-vm/src/plugin.ts');
  });

  it('as a bundle, in which the command line finds the daemon beside it', async () => {
    const out = await mkdtemp(join(tmpdir(), 'nook-bundle-'));
    try {
      await build(out, join(EXAMPLE, 'nookd.ts'), join(EXAMPLE, 'nook.ts'));
      await using home = await homeOf([process.execPath, join(out, 'nook.mjs')]);
      await bootsAndHasThePlugin(home, `${out}/nookd-main-`);
    } finally {
      await rm(out, { recursive: true, maxRetries: 10 });
    }
  });

  describe('with the packages installed', () => {
    let place: InstalledPlace;

    beforeAll(async () => {
      place = await InstalledPlace.create();
      // The plugin is the author's own: a folder somewhere else, to which npm makes a link.
      await symlink(join(ROOT, 'examples/webhook'), join(place.dir, 'node_modules/nook-webhook'));
      for (const file of ['nookd.ts', 'nook.ts']) await place.write(file, await readFile(join(EXAMPLE, file), 'utf8'));
    });
    afterAll(() => place[Symbol.asyncDispose]());

    const entry = (name: string) => join(place.dir, name);

    it('run with tsx', async () => {
      await using home = await homeOf([TSX, entry('nook.ts')], [TSX, entry('nookd.ts')]);
      await bootsAndHasThePlugin(home, `${place.dir}/node_modules/@nook/plugin-vm/dist/plugin.js`);
    });

    it('bundled, and run by Node alone', async () => {
      const out = entry('dist');
      await build(out, entry('nookd.ts'), entry('nook.ts'));
      expect(existsSync(join(out, 'guest/nook-init'))).toBe(true);
      await using home = await homeOf([process.execPath, join(out, 'nook.mjs')]);
      await bootsAndHasThePlugin(home, `${out}/nookd-main-`);
    });
  });
});
