import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTar, type TarPart } from '@nook/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImageExported, ImageInfo } from '../contract.ts';
import { rawDisk } from '../testing/disk-files.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { type TestDaemon, testDaemon } from '../testing/test-daemon.ts';
import { layoutOf, manifestOf, manifestOfDisk, run } from '../testing/umoci.ts';

const ROOT = process.getuid?.() === 0;
const NEEDS_ROOT = 'only root can unpack owners and devices, and mount';
const CAPABILITY = Buffer.from('0100000280000000000000000000000000000000', 'hex');
const ACL = Buffer.from(
  '0200000001000600ffffffff02000400e803000004000400ffffffff10000400ffffffff20000400ffffffff',
  'hex',
);
const ODD = Buffer.from(Array.from({ length: 254 }, (_, index) => index + 1).filter((byte) => byte !== 0x2f));
const file = (name: string, content: string | Buffer, more: Partial<TarPart> = {}): TarPart => ({
  name,
  content,
  ...more,
});
const folder = (name: string, more: Partial<TarPart> = {}): TarPart => ({ name, type: '5', mode: 0o755, ...more });

/** All that a disk can have. */
const LAYER = buildTar([
  ...['./', 'dev/', 'proc/', 'run/', 'sys/', 'tmp/', 'etc/', 'many/'].map((name) => folder(name)),
  file('bin/su', 'su', { mode: 0o4755, uid: 1000, gid: 70_000, pax: { uid: '4000000' } }),
  { name: 'hard', type: '1', link: 'bin/su' },
  { name: 'soft', type: '2', link: '../etc' },
  { name: 'softer', type: '2', pax: { linkpath: 'y/'.repeat(1500) } },
  { name: 'null', type: '3', device: [1, 3], mode: 0o666 },
  { name: 'disk', type: '4', device: [259, 70_000], mode: 0o660, gid: 6 },
  { name: 'pipe', type: '6', mode: 0o600 },
  file('old', '', { pax: { mtime: '-12345.5' } }),
  file('half', '', { pax: { mtime: '-0.25' } }),
  file('new', '', { pax: { mtime: '5000000000.123456789' } }),
  file('ping', 'p', { mode: 0o755, pax: { 'SCHILY.xattr.security.capability': CAPABILITY } }),
  file('attributes', 'x', {
    pax: { 'SCHILY.xattr.user.long': Buffer.alloc(2000, 7), 'SCHILY.xattr.user.a': Buffer.from([0, 255, 10]) },
  }),
  folder('acl/', { pax: { 'SCHILY.xattr.system.posix_acl_default': ACL } }),
  file('acl/f', '', { mode: 0o644, pax: { 'SCHILY.xattr.system.posix_acl_access': ACL } }),
  file('x', 'every byte', { pax: { path: ODD.subarray(0, 253) } }),
  file('l', 'long', { pax: { path: `${'d'.repeat(200)}/${'n'.repeat(255)}` } }),
  ...Array.from({ length: 600 }, (_, index) => file(`many/${'name'.repeat(20)}-${index}`, 'x'.repeat(index % 9))),
  file('large', Buffer.alloc(5_000_001, 'large')),
  file('holes', 'ab', { pax: { 'GNU.sparse.map': '1000000,1,7000000,1', 'GNU.sparse.size': '8000000' } }),
]);
const CONFIG = ['--config.env', 'A=1', '--config.cmd', 'run', '--config.entrypoint', '/bin/su', '--config.user', '7'];
const MORE = ['--config.workingdir', '/etc', '--config.stopsignal', 'SIGQUIT', '--config.exposedports', '80/tcp'];

let dir: Awaited<ReturnType<typeof tempDir>>;
let daemon: TestDaemon;
let image: ImageInfo;
let tree: readonly string[];

beforeAll(async () => {
  dir = await tempDir();
  const layout = await layoutOf(dir.path, [LAYER]);
  run('umoci', 'config', '--image', layout, ...CONFIG, ...MORE);
  daemon = testDaemon(join(dir.path, 'home'), { config: { size: '64MiB' } });
  image = (await daemon.call('image.import', { path: join(dir.path, 'layout'), name: 'mine' })) as ImageInfo;
  tree = ROOT ? manifestOfDisk(dir.path, image.path) : [];
}, 60_000);
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function exported(format: string, name: string): Promise<ImageExported> {
  return (await daemon.call('image.export', {
    reference: 'mine',
    format,
    path: join(dir.path, name),
  })) as ImageExported;
}

test.each<[string, string, boolean]>([
  ['oci-layout', 'layout-out', true],
  ['oci-layout', 'layout-out.tar', true],
  ['docker-archive', 'docker-out', true],
  ['tar', 'root-out', false],
  ['qcow2', 'disk-out', false],
])('what is exported as %s to %s is the same image again', async (format, name, configured) => {
  const { path, bytes } = await exported(format, name);
  expect(bytes).toBeGreaterThan(5_000_000);
  await using other = testDaemon(join(dir.path, `home-${name}`), { config: { size: '64MiB' } });
  const again = other.call('image.import', { path, name: 'again' });
  // A plain tar may not have devices.
  if (format === 'tar') return await expect(again).rejects.toThrow(/device node/);
  const { config, path: disk } = (await again) as ImageInfo;
  expect(config).toEqual(configured ? image.config : { env: [], cmd: [], entrypoint: [], workdir: null, user: null });
  if (!ROOT) return;
  expect(tree.length).toBeGreaterThan(620);
  expect(manifestOfDisk(dir.path, disk)).toEqual(tree);
});

test('GNU tar, umoci and skopeo read what is exported', { timeout: 60_000 }, async ({ skip }) => {
  skip(!ROOT, NEEDS_ROOT);
  const tar = await exported('tar', 'plain.tar');
  const [gnu, bundle] = [join(dir.path, 'gnu'), join(dir.path, 'bundle')];
  await mkdir(gnu);
  run('tar', '-C', gnu, '--xattrs', '--xattrs-include=*', '-xpf', tar.path);
  expect(manifestOf(dir.path, gnu)).toEqual(tree);
  await exported('oci-layout', 'layout-tools');
  run('umoci', 'unpack', '--image', `${dir.path}/layout-tools:mine`, bundle);
  expect(manifestOf(dir.path, join(bundle, 'rootfs'))).toEqual(tree);
  await exported('docker-archive', 'tools.tar');
  run('skopeo', 'copy', '-q', `docker-archive:${dir.path}/tools.tar:mine:latest`, `oci:${dir.path}/copied:it`);
  const inspected = JSON.parse(run('skopeo', 'inspect', '--config', `oci:${dir.path}/copied:it`));
  expect(inspected.config).toMatchObject({ Env: expect.arrayContaining(['A=1']), Cmd: ['run'], User: '7' });
});

test('disks that others made are exported as files: of small blocks, and without extents', { timeout: 60_000 }, async ({
  skip,
}) => {
  skip(!ROOT, NEEDS_ROOT);
  const forms = { small: ['-b', '1024', '-I', '128'], mapped: ['-O', '^extents,^64bit', '-b', '1024'] };
  for (const [form, options] of Object.entries(forms)) {
    const place = join(dir.path, form);
    await mkdir(place);
    const disk = rawDisk(place, ...options);
    await daemon.call('image.register', { path: disk, name: form });
    const path = join(place, 'out.tar');
    await daemon.call('image.export', { reference: form, format: 'tar', path });
    await mkdir(join(place, 'gnu'));
    run('tar', '-C', join(place, 'gnu'), '-xpf', path);
    expect(manifestOf(dir.path, join(place, 'gnu')), form).toEqual(manifestOfDisk(dir.path, disk));
  }
});

test('an export is the same each time, and takes no place that is taken', async () => {
  const [one, two] = [await exported('docker-archive', 'one'), await exported('docker-archive', 'two')];
  expect((await readFile(one.path)).equals(await readFile(two.path))).toBe(true);
  for (const format of ['tar', 'qcow2', 'oci-layout']) {
    await expect(exported(format, 'one')).rejects.toMatchObject({ code: 'already_exists' });
  }
  await expect(exported('tar', 'no/such/folder')).rejects.toMatchObject({ code: 'not_found' });
  await writeFile(join(dir.path, 'plain'), '');
  await expect(exported('tar', 'plain/below')).rejects.toMatchObject({ code: 'not_found' });
  await expect(daemon.call('image.export', { reference: 'mine', format: 'tar', path: 'x' })).rejects.toMatchObject({
    code: 'bad_params',
  });
  expect((await readdir(dir.path)).filter((name) => name.endsWith('.partial'))).toEqual([]);
});

test('a full disk leaves nothing of an export, and says where', async ({ skip }) => {
  skip(!ROOT, NEEDS_ROOT);
  const place = join(dir.path, 'full');
  await mkdir(place);
  run('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', place);
  try {
    for (const format of ['tar', 'docker-archive', 'oci-layout', 'qcow2']) {
      const full = { code: 'unavailable', message: `No space is left in ${place}.` };
      await expect(exported(format, 'full/out'), format).rejects.toMatchObject(full);
    }
    expect(await readdir(place)).toEqual([]);
  } finally {
    run('umount', place);
  }
});
