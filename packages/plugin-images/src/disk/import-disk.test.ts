import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImageInfo } from '../contract.ts';
import { checkDisk } from '../ext4/check-disk.ts';
import { copyOf, partitionedDisk, peek, poke, pokeMbr, pokeSuperblock, rawDisk } from '../testing/disk-files.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';
import { run } from '../testing/umoci.ts';
import { lookAtDisk } from './look-at-disk.ts';

const { signal } = new AbortController();
let dir: Awaited<ReturnType<typeof tempDir>>;
let disk: string;

beforeAll(async () => {
  dir = await tempDir();
  disk = rawDisk(dir.path);
});
afterAll(() => dir[Symbol.asyncDispose]());

function qcow2(name: string, ...args: readonly string[]): string {
  const path = join(dir.path, name);
  run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', ...args, disk, path);
  return path;
}

const FORMS: Readonly<Record<string, () => string>> = {
  'a raw disk': () => disk,
  'a qcow2': () => qcow2('plain.qcow2'),
  'a packed qcow2': () => qcow2('packed.qcow2', '-c', '-o', 'compression_type=zstd'),
  'a qcow2 of the old version': () => qcow2('old.qcow2', '-o', 'compat=0.10'),
  'a disk with a partition': () => partitionedDisk(dir.path, disk, 'mbr'),
  'a qcow2 of a disk with a partition of GPT': () => {
    const path = join(dir.path, 'gpt.qcow2');
    run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', partitionedDisk(dir.path, disk, 'gpt'), path);
    return path;
  },
};

test('a disk is an image as it is, in whatever it comes, and whatever the file is called', {
  timeout: 120_000,
}, async () => {
  await using daemon = testDaemon(join(dir.path, 'home'), { config: { size: '64MiB' } });
  const digests = new Set<string>();
  for (const [form, make] of Object.entries(FORMS)) {
    const name = form.replaceAll(' ', '-').toLowerCase();
    const image = (await daemon.call('image.import', { path: make(), name })) as ImageInfo;
    digests.add(image.digest);
    expect(image.size_bytes, form).toBe(16 * 2 ** 20);
  }
  expect(digests.size).toBe(1);
  const { path } = (await daemon.call('image.show', { reference: 'a-raw-disk' })) as ImageInfo;
  expect((await readFile(path)).equals(await readFile(disk))).toBe(true);
  const { blocks, mode } = await stat(path);
  expect([blocks * 512 < 12 * 2 ** 20, mode & 0o777]).toEqual([true, 0o400]);
  expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
});

test('what a journal holds is brought into the copy, and not into the disk of the user', async () => {
  const unclean = copyOf(disk, 'unclean');
  run('debugfs', '-w', '-R', 'feature needs_recovery', unclean);
  const before = await readFile(unclean);
  await using daemon = testDaemon(join(dir.path, 'home'), { config: { size: '64MiB' } });
  const image = (await daemon.call('image.import', { path: unclean, name: 'unclean' })) as ImageInfo;
  expect(run('dumpe2fs', '-h', image.path)).not.toContain('needs_recovery');
  expect((await readFile(unclean)).equals(before)).toBe(true);
});

test.each<[string, () => string, RegExp]>([
  ['a qcow2 on another file', () => backed(), /stands on another file/],
  ['a qcow2 with its data in another file', () => external(), /data is in another file/],
  ['a qcow2 that only names a file of data', () => named(), /data is in another file/],
  ['an encrypted qcow2', () => changed(qcow2('aes'), 32, [0, 0, 0, 2]), /encrypted/],
  ['a corrupt qcow2', () => changed(qcow2('corrupt'), 72, [0, 0, 0, 0, 0, 0, 0, 2]), /marked as corrupt/],
  ['a qcow2 of the future', () => changed(qcow2('future'), 72, [1]), /does not know/],
  ['a qcow2 of another version', () => changed(qcow2('version'), 4, [0, 0, 0, 9]), /version 9/],
  ['another format', () => converted('vmdk'), /VMDK/],
  ['a partition of swap', () => swapped(), /no partition with an ext4/],
  ['two partitions', () => doubled(), /2 partitions with an ext4/],
  ['a partition that goes beyond the disk', () => beyond(), /no partition with an ext4/],
])('%s is refused as it is looked at', async (_what, make, message) => {
  const refused = { code: 'bad_request', message: expect.stringMatching(message), hint: expect.any(String) };
  await expect(lookAtDisk(make())).rejects.toMatchObject(refused);
});

function changed(path: string, at: number, bytes: readonly number[]): string {
  poke(path, [at, Buffer.from(bytes)]);
  return path;
}

function backed(): string {
  const path = join(dir.path, 'backed');
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', '/etc/passwd', '-F', 'raw', path);
  return path;
}

function external(): string {
  const path = join(dir.path, 'external');
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', `data_file=${path}.data`, path, '16M');
  return path;
}

/** The bit that demands the other file is cleared, its name stays. */
function named(): string {
  return changed(copyOf(external(), 'named'), 72, [0, 0, 0, 0, 0, 0, 0, 0]);
}

function converted(format: string): string {
  const path = join(dir.path, format);
  run('qemu-img', 'convert', '-f', 'raw', '-O', format, disk, path);
  return path;
}

function swapped(): string {
  const path = copyOf(partitionedDisk(dir.path, disk, 'mbr'), 'swap');
  pokeMbr(path, { type: 0x82, from: 8, sectors: 100 });
  return path;
}

function doubled(): string {
  const path = copyOf(partitionedDisk(dir.path, disk, 'mbr'), 'two');
  pokeMbr(path, { type: 0x83, from: 2048, sectors: 1000, place: 1 });
  return path;
}

function beyond(): string {
  const path = copyOf(partitionedDisk(dir.path, disk, 'mbr'), 'beyond');
  pokeMbr(path, { type: 0x83, from: 2048, sectors: 0xffffffff });
  return path;
}

const BLOCKS = 0x4;

test.each<[string, (path: string) => void, RegExp]>([
  [
    'more blocks than the disk has',
    (path) => pokeSuperblock(path, BLOCKS, peek(path, 1024 + BLOCKS) * 2),
    /the disk has/,
  ],
  ['blocks of 64 KiB', (path) => pokeSuperblock(path, 0x18, 6), /larger than 4 KiB/],
  ['another number of inodes', (path) => pokeSuperblock(path, 0, 17), /contradicts itself/],
  ['groups without blocks', (path) => pokeSuperblock(path, 0x20, 0), /contradicts itself/],
  [
    'a feature of the future',
    (path) => pokeSuperblock(path, 0x60, peek(path, 1024 + 0x60) | 0x80000000),
    /do not mount \(0x80000000\)/,
  ],
  ['a journal elsewhere', (path) => pokeSuperblock(path, 0xe0, 0), /journal is on another disk/],
  ['its end cut off', (path) => run('truncate', '-s', '8M', path), /the disk has 8388608/],
  ['damaged tables', (path) => poke(path, [4096, Buffer.alloc(300_000, 0xa5)]), /damaged/],
  [
    'a journal that was not replayed',
    (path) => run('debugfs', '-w', '-R', 'feature needs_recovery', path),
    /not unmounted/,
  ],
])('an ext4 with %s is refused', async (what, change, message) => {
  const path = copyOf(disk, what.replaceAll(' ', '-'));
  change(path);
  const refused = { code: 'bad_request', message: expect.stringMatching(message), hint: expect.any(String) };
  await expect(checkDisk(path, { signal, mend: false })).rejects.toMatchObject(refused);
});

test.each<[string, () => string, RegExp]>([
  ['a qcow2 on another file', () => backed(), /stands on another file/],
  ['a disk larger than the limit', () => huge(), /the most is/],
  ['a qcow2 without a file system', () => empty(), /no file system/],
  ['a damaged ext4', () => changed(copyOf(disk, 'evil'), 4096, Array(9000).fill(0xa5)), /damaged/],
])('the import of %s leaves nothing', async (_what, make, message) => {
  await using daemon = testDaemon(join(dir.path, 'other'), { config: { size: '64MiB', max_import_bytes: '1GiB' } });
  const refused = { code: 'bad_request', message: expect.stringMatching(message) };
  await expect(daemon.call('image.import', { path: make(), name: 'evil' })).rejects.toMatchObject(refused);
  expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
  expect(await readdir(join(daemon.store, 'images'))).toEqual([]);
});

function huge(): string {
  const path = copyOf(disk, 'huge');
  run('truncate', '-s', '3G', path);
  return path;
}

function empty(): string {
  const path = join(dir.path, 'empty');
  run('qemu-img', 'create', '-q', '-f', 'qcow2', path, '16M');
  return path;
}
