import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildTar } from '@nook/testkit';
import { expect, test } from 'vitest';
import type { ImageInfo } from '../contract.ts';
import { otherDaemon, otherDaemonCommand } from '../testing/other-daemon.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';

const CONFIG = { size: '512MiB' };

function importing(home: string, store: string, archive: string) {
  return { home, store, method: 'image.import', params: { name: 'mine', path: archive }, config: CONFIG };
}

/** An archive that takes a while, though it is small on the disk: one large file of zeros. */
async function slowArchive(path: string): Promise<void> {
  const size = 300 * 2 ** 20;
  await writeFile(path, buildTar([{ name: 'zeros', size }], Buffer.alloc(0)));
  await truncate(path, 512 + size + 1024);
}

test('of two imports of one name in two processes one wins, the other is told', async () => {
  await using dir = await tempDir();
  const store = join(dir.path, 'store');
  const archive = join(dir.path, 'root.tar');
  await writeFile(archive, buildTar([{ name: 'bin/sh', content: 'x' }]));
  const both = ['one', 'two'].map((home) => otherDaemon(importing(join(dir.path, home), store, archive)).ended);
  const answers = await Promise.all(both);
  expect(answers.map((answer) => answer.code ?? 'won').sort()).toEqual(['already_exists', 'won']);
  await using daemon = testDaemon(join(dir.path, 'three'), { store, config: CONFIG });
  expect(daemon.images.get('mine')?.digest).toMatch(/^sha256:/);
  expect(await readdir(join(store, 'building'))).toEqual([]);
});

test('what a killed daemon left is removed by the next one, and the store works', async () => {
  await using dir = await tempDir();
  const store = join(dir.path, 'store');
  const archive = join(dir.path, 'root.tar');
  await slowArchive(archive);
  const other = otherDaemon(importing(join(dir.path, 'one'), store, archive), { stage: 'unpack' });
  await other.began;
  other.child.kill('SIGKILL');
  await other.ended;
  expect(await readdir(join(store, 'building'))).toHaveLength(1);
  await using daemon = testDaemon(join(dir.path, 'two'), { store, config: CONFIG });
  await writeFile(archive, buildTar([{ name: 'bin/sh', content: 'x' }]));
  const image = (await daemon.call('image.import', { name: 'mine', path: archive })) as ImageInfo;
  expect(daemon.images.get('mine')).toEqual(image);
  expect(await readdir(join(store, 'building'))).toEqual([]);
});

test('a start leaves alone what another process is building', async () => {
  await using dir = await tempDir();
  const store = join(dir.path, 'store');
  const archive = join(dir.path, 'root.tar');
  await slowArchive(archive);
  const other = otherDaemon(importing(join(dir.path, 'one'), store, archive), { stage: 'unpack' });
  await other.began;
  await using daemon = testDaemon(join(dir.path, 'two'), { store, config: CONFIG });
  await daemon.start();
  expect(await other.ended).toMatchObject({ name: 'mine' });
});

test('a cancelled import ends its processes and leaves nothing', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(join(dir.path, 'home'), { config: CONFIG });
  const archive = join(dir.path, 'root.tar');
  await slowArchive(archive);
  const controller = new AbortController();
  const began = Promise.withResolvers<void>();
  const importing = daemon.call('image.import', { name: 'mine', path: archive }, controller.signal, () =>
    began.resolve(),
  );
  const refused = expect(importing).rejects.toMatchObject({ code: 'cancelled' });
  await began.promise;
  controller.abort();
  await refused;
  await daemon[Symbol.asyncDispose]();
  expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
  expect(await readdir(join(daemon.store, 'images'))).toEqual([]);
});

test('a full disk is a clear error, and the store works when there is room again', async () => {
  await using dir = await tempDir();
  const store = join(dir.path, 'store');
  await mkdir(store);
  const archive = join(dir.path, 'root.tar');
  await writeFile(archive, buildTar([{ name: 'big', content: Buffer.alloc(6 * 2 ** 20, 'x') }]));
  // A small file system of our own: mounted in a namespace, where an ordinary user may.
  const script = 'mount -t tmpfs -o size=4m tmpfs "$1" && shift && exec "$@"';
  const command = otherDaemonCommand(importing(join(dir.path, 'home'), store, archive));
  const child = spawn(
    'unshare',
    ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', store, ...command],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => void lines.push(line));
  await once(child, 'close');
  expect(JSON.parse(lines.at(-1) ?? '{}')).toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/No space/),
  });
});
