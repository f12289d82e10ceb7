import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildTar, type TarPart } from '@nook/testkit';
import { expect, test } from 'vitest';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';

const SMALL = { size: '32MiB', max_import_bytes: '2MiB' };
const file: TarPart = { name: 'bin/sh', content: 'x' };

test.each<[string, Buffer, RegExp]>([
  ['a name with ..', buildTar([file, { name: 'a/../../escaped', content: 'x' }]), /leads out of the archive/],
  ['an absolute name', buildTar([{ name: '/escaped', content: 'x' }]), /absolute path/],
  ['an absolute name in an extended header', buildTar([{ name: 'a', pax: { path: '/escaped' } }]), /absolute path/],
  [
    'a file written through a link',
    buildTar([
      { name: 'out', type: '2', link: '/tmp' },
      { name: 'out/escaped', content: 'x' },
    ]),
    /leads through "out", which is no directory/,
  ],
  ['a block device', buildTar([{ name: 'dev/sda', type: '4', device: [8, 0] }]), /is a device node \(block 8:0\)/],
  ['kernel memory', buildTar([{ name: 'dev/mem', type: '3', device: [1, 1] }]), /is a device node/],
  ['a false null', buildTar([{ name: 'dev/null', type: '3', device: [1, 1] }]), /is a device node/],
  ['a device outside /dev', buildTar([{ name: 'null', type: '3', device: [1, 3] }]), /is a device node/],
  ['a hard link to nowhere', buildTar([{ name: 'a', type: '1', link: 'b' }]), /which is no earlier file/],
  ['a hard link to the outside', buildTar([{ name: 'a', type: '1', link: '/etc/passwd' }]), /absolute path/],
  ['a hard link with ..', buildTar([{ name: 'a', type: '1', link: '../../etc/passwd' }]), /leads out/],
  [
    'a hard link through a link',
    buildTar([
      { name: 'out', type: '2', link: '/etc' },
      { name: 'a', type: '1', link: 'out/passwd' },
    ]),
    /which is no earlier file/,
  ],
  ['a directory over a file', buildTar([file, { name: 'bin/sh/', type: '5' }]), /both as a directory/],
  ['a file over a directory', buildTar([file, { name: 'bin', content: 'x' }]), /both as a directory/],
  ['an old sparse file that lies', buildTar([{ name: 'a', type: 'S' }]), /map of its holes/],
  [
    'a sparse file without a map',
    buildTar([{ name: 'a', pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' } }]),
    /map of its holes/,
  ],
  [
    'a sparse file whose stretches overlap',
    buildTar([{ name: 'a', content: 'xx', pax: { 'GNU.sparse.map': '1,1,0,1', 'GNU.sparse.size': '9' } }]),
    /map of its holes/,
  ],
  ['an entry of an unknown kind', buildTar([{ name: 'a', type: 'V' }]), /a kind that nook does not take/],
  ['a name too long', buildTar([{ name: 'a', pax: { path: 'n'.repeat(256) } }]), /name that is too long/],
  ['a cut end', buildTar([file], Buffer.alloc(0)), /ends in the middle/],
  ['a cut file', buildTar([{ name: 'a', content: Buffer.alloc(4096) }]).subarray(0, 2048), /ends in the middle/],
  ['a size that lies', buildTar([{ name: 'a', content: 'x', size: 100_000 }]), /ends in the middle/],
  ['a size beyond the limit', buildTar([{ name: 'a', size: 2 ** 31 }]), /add up to more than 2097152 bytes/],
  ['a negative size', buildTar([{ name: 'a', pax: { size: '-1' } }]), /cannot be/],
  ['an extended header that lies', buildTar([{ name: 'x', type: 'x', content: '99 path=a\n' }, file]), /own length/],
  ['an extended header too large', buildTar([{ name: 'x', type: 'x', size: 2 ** 30 }]), /over 1 MiB/],
  ['no tar', Buffer.from('hello world\n'.repeat(100)), /not a tar archive/],
  ['nothing', Buffer.alloc(0), /ends in the middle/],
  ['an empty archive', buildTar([]), /is empty/],
  ['damaged gzip', gzipSync(buildTar([file])).subarray(0, 60), /cannot be decompressed/],
  ['bzip2', Buffer.from('BZh91AY&SY'), /compressed with bzip2/],
])('an archive with %s is refused and leaves nothing behind', async (_what, bytes, message) => {
  await using dir = await tempDir();
  await using daemon = testDaemon(join(dir.path, 'home'), { config: SMALL });
  const path = join(dir.path, 'root.tar');
  await writeFile(path, bytes);
  const failure = expect(daemon.call('image.import', { name: 'evil', path })).rejects;
  await failure.toMatchObject({
    code: 'bad_request',
    message: expect.stringMatching(message),
    hint: expect.any(String),
  });
  expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
  expect(await readdir(join(daemon.store, 'images'))).toEqual([]);
  expect(existsSync('/escaped') || existsSync('/tmp/escaped') || existsSync(join(dir.path, 'escaped'))).toBe(false);
});
