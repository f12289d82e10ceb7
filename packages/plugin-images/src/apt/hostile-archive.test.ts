import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ARCHIVE, signedArchive } from '../testing/signed-archive.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { patient, testDaemon } from '../testing/test-daemon.ts';

let dir: Awaited<ReturnType<typeof tempDir>>;
let archive: Awaited<ReturnType<typeof signedArchive>>;

beforeAll(async () => {
  dir = await tempDir();
  archive = await signedArchive(dir.path);
}, 60_000);
afterAll(async () => {
  await archive[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function daemonWith(home: string, keyring = archive.keyring) {
  return testDaemon(join(dir.path, home), { config: { size: '64MiB', mirror: archive.mirror, keyring } });
}

test('packages come from an archive that is signed with the key of the configuration', async () => {
  await using daemon = daemonWith('honest');
  expect(await daemon.images.ensure('busybox:static', patient())).toMatchObject({ source: 'busybox-static 1' });
});

/** Another byte in the place of one, so that all sizes stay. */
function flipped(content: string | Buffer, at: number): Buffer {
  const bytes = Buffer.from(content);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes;
}

test.each<[string, string, (content: Buffer) => number, string, RegExp]>([
  [
    'a list of hashes that was changed under its signature',
    ARCHIVE.signed,
    (text) => text.indexOf('SHA256:\n ') + 12,
    'unavailable',
    /signature|BADSIG|not signed|Clearsigned/i,
  ],
  ['an index with another hash', ARCHIVE.index, (text) => text.indexOf('a test'), 'unavailable', /Hash Sum mismatch/],
  [
    'a package with another hash',
    ARCHIVE.package,
    ({ length }) => length - 600,
    'operation_failed',
    /Hash Sum mismatch/i,
  ],
])('%s is refused, and nothing of it stays', async (what, file, at, code, message) => {
  const good = archive.files[file] ?? '';
  archive.files[file] = flipped(good, at(Buffer.from(good)));
  try {
    await using daemon = daemonWith(what);
    await expect(daemon.images.ensure('busybox:static', patient())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    for (const part of ['images', 'building']) expect(await readdir(join(daemon.store, part)), part).toEqual([]);
  } finally {
    archive.files[file] = good;
  }
});

test('an archive that another key signed is refused', async () => {
  const other = join(dir.path, 'other');
  await mkdir(other);
  await using another = await signedArchive(other);
  await using daemon = daemonWith('another', another.keyring);
  await expect(daemon.images.ensure('busybox:static', patient())).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/NO_PUBKEY|not available|not signed/),
  });
});
