import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isNookError } from '@nook/daemonapi';
import { buildTar } from '@nook/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ImageInfo, ImageRow } from '../contract.ts';
import { rawDisk } from '../testing/disk-files.ts';
import { dockerFiles } from '../testing/image-files.ts';
import { startRegistry, type TestRegistry } from '../testing/registry.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { type TestDaemon, testDaemon } from '../testing/test-daemon.ts';
import { layoutOf, run } from '../testing/umoci.ts';

/** File systems are mounted for these. */
const ROOT = process.getuid?.() === 0;

beforeEach(({ skip }) => skip(!ROOT, 'full disks and reflinks are tried on file systems that only root may mount'));

/** Free bytes at which what is asked for is tried: NOOK_FAULT_STEPS of them. */
const STEPS = Number(process.env.NOOK_FAULT_STEPS ?? 9);
const LARGEST = 4 * 2 ** 20;

let dir: Awaited<ReturnType<typeof tempDir>>;
let disk: string;
let registry: TestRegistry;
const sources: Record<string, string> = {};

beforeAll(async () => {
  dir = await tempDir();
  disk = rawDisk(dir.path);
  const noise = Buffer.from(Array.from({ length: 2 ** 20 }, (_, index) => (index * index * 7919) >>> 5));
  const root = buildTar([{ name: 'bin/noise', content: noise }]);
  sources.tar = join(dir.path, 'root.tar');
  await writeFile(sources.tar, root);
  const files = Object.entries(dockerFiles([root])).map(([name, content]) => ({ name, content }));
  sources.archive = join(dir.path, 'archive');
  await writeFile(sources.archive, gzipSync(buildTar(files)));
  sources.qcow2 = join(dir.path, 'qcow2');
  run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', disk, sources.qcow2);
  registry = await startRegistry(dir.path);
  const more = buildTar([{ name: 'bin/more', content: noise.subarray(0, 300_000) }]);
  const image = await layoutOf(dir.path, [root, more]);
  sources.pull = `${registry.host}/some/thing:v1`;
  run('skopeo', 'copy', '-q', '--dest-tls-verify=false', `oci:${image}`, `docker://${sources.pull}`);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** A store on a file system of its own. */
async function onTmpfs(act: (store: string, free: (bytes: number) => void) => Promise<void>): Promise<void> {
  const store = join(dir.path, 'store');
  await mkdir(store, { recursive: true });
  run('mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', store);
  const free = (bytes: number) => {
    const used = Number(run('df', '--output=used', '-B1', store).split('\n')[1]);
    run('mount', '-o', `remount,size=${used + bytes}`, store);
  };
  try {
    await act(store, free);
  } finally {
    run('umount', store);
  }
}

async function attempt(daemon: TestDaemon, act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (!isNookError(error)) throw error;
    expect([error.code, error.message]).toEqual(['unavailable', expect.stringMatching(/No space/)]);
    expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
    return false;
  }
}

test.each(['tar', 'archive', 'qcow2', 'promote', 'pull'])(
  'however much room there is for it, %s works or fails as a whole, and the store works afterwards',
  { timeout: 120_000 },
  async (kind) => {
    await onTmpfs(async (store, free) => {
      await using daemon = testDaemon(join(dir.path, `home-${kind}`), { store, config: { size: '64MiB' } });
      const register = () => daemon.call('image.register', { path: disk, name: 'mine' });
      if (kind === 'promote') await register();
      const acts: Record<string, () => Promise<unknown>> = {
        promote: () => daemon.call('image.promote', { reference: 'mine' }),
        pull: () => daemon.call('image.pull', { reference: sources.pull, name: 'mine' }),
      };
      const act = acts[kind] ?? (() => daemon.call('image.import', { path: sources[kind], name: 'mine' }));
      let failed = 0;
      let done = false;
      for (let step = 0; step < STEPS && !done; step += 1) {
        free(Math.max(4096, Math.floor((LARGEST * step) / STEPS)));
        done = await attempt(daemon, act);
        if (!done) failed += 1;
        const rows = (await daemon.call('image.list', {})) as ImageRow[];
        const ready = rows.filter(({ state }) => state === 'ready').map(({ name }) => name);
        expect(ready).toEqual(done || kind === 'promote' ? ['mine'] : []);
      }
      expect(failed).toBeGreaterThan(1);
      free(64 * 2 ** 20);
      if (!done) await act();
      const image = (await daemon.call('image.show', { reference: 'mine' })) as ImageInfo;
      expect(image.registered_path).toBeUndefined();
      const findings = await daemon.checks
        .find(({ name }) => name === 'images.integrity')
        ?.run(new AbortController().signal);
      expect(findings?.map(({ status }) => status)).toEqual(['ok', 'ok']);
      await daemon.call('image.rm', { reference: 'mine' });
      expect(await readdir(join(store, 'images'))).toEqual([]);
    });
  },
);

test.each([
  ['shares its blocks where the file system can', '-m reflink=1', true],
  ['is a copy of its own where it cannot', '-m reflink=0', false],
])('an imported disk %s', { timeout: 60_000 }, async (_what, option, shared) => {
  const [device, mounted] = [join(dir.path, `xfs${option}`), join(dir.path, 'xfs')];
  await mkdir(mounted, { recursive: true });
  run('truncate', '-s', '320M', device);
  run('mkfs.xfs', '-q', ...option.split(' '), device);
  run('mount', '-o', 'loop', device, mounted);
  try {
    const mine = join(mounted, 'mine.raw');
    run('cp', '--sparse=always', disk, mine);
    await using daemon = testDaemon(join(mounted, 'home'), { config: { size: '64MiB' } });
    const imported = (await daemon.call('image.import', { path: mine, name: 'imported' })) as ImageInfo;
    const sharing = () => run('filefrag', '-v', imported.path).includes('shared');
    expect(sharing()).toBe(shared);
    expect((await readFile(imported.path)).equals(await readFile(disk))).toBe(true);
    await daemon.call('image.rm', { reference: 'imported' });
    await daemon.call('image.register', { path: mine, name: 'registered' });
    await daemon.call('image.promote', { reference: 'registered' });
    expect(sharing()).toBe(shared);
    await rm(mine);
    expect((await readFile(imported.path)).equals(await readFile(disk))).toBe(true);
  } finally {
    run('umount', mounted);
  }
});
