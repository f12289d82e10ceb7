import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTar, type TarPart } from '@nook/testkit';
import { beforeEach, expect, test } from 'vitest';
import { fillDisk } from '../testing/fill-disk.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { layoutOf, manifestOf, manifestOfDisk, run } from '../testing/umoci.ts';

/** Devices and mounts are root's. */
const ROOT = process.getuid?.() === 0;
const directory = (name: string, more: Partial<TarPart> = {}): TarPart => ({ name, type: '5', mode: 0o755, ...more });
const file = (name: string, content: string | Buffer = name, more: Partial<TarPart> = {}): TarPart => ({
  name,
  content,
  ...more,
});
const BASE = ['./', 'dev/', 'proc/', 'run/', 'sys/', 'tmp/', 'etc/', 'usr/', 'usr/lib/'].map((name) => directory(name));
const CAPABILITY = Buffer.from('0100000280000000000000000000000000000000', 'hex');
const ODD = Buffer.from(Array.from({ length: 254 }, (_, index) => index + 1).filter((byte) => byte !== 0x2f));
const ACL = Buffer.from(
  '0200000001000600ffffffff02000400e803000004000400ffffffff10000400ffffffff20000400ffffffff',
  'hex',
);
const long = (length: number) => Array.from({ length }, (_, index) => `segment-${index}`.padEnd(60, '-')).join('/');

const FORMS = [['gnu'], ...['0.0', '0.1', '1.0'].map((version) => ['pax', `--sparse-version=${version}`])];

const CASES: readonly (readonly [string, readonly (readonly TarPart[])[]])[] = [
  [
    'whiteouts hide files, links and trees of lower layers, wherever they stand in their own',
    [
      [...BASE, file('a'), file('b'), directory('d/'), file('d/e'), directory('d/f/'), file('d/f/g'), file('keep')],
      [file('.wh.a', ''), file('d/.wh.f', ''), file('b', 'new'), file('.wh.b', ''), file('.wh.missing', '')],
      [file('.wh.d', ''), directory('d/', { mode: 0o700 }), file('d/h')],
    ],
  ],
  [
    'an opaque directory hides what is below, not what its own layer puts there before or after',
    [
      [...BASE, directory('d/'), file('d/a'), directory('d/s/'), file('d/s/low'), file('d/s/lower')],
      [
        directory('d/'),
        file('d/before'),
        file('d/.wh..wh..opq', ''),
        directory('d/s/'),
        file('d/s/own'),
        file('d/after'),
      ],
    ],
  ],
  [
    'hard links across layers, and the content that they keep',
    [
      [...BASE, file('one', 'first'), { name: 'two', type: '1', link: 'one' }, file('lone', 'x')],
      [{ name: 'three', type: '1', link: 'one' }, file('one', 'second'), { name: 'four', type: '1', link: './one' }],
      [file('.wh.two', ''), { name: 'five', type: '1', link: '/lone' }, { name: 'link', type: '2', link: 'lone' }],
      [{ name: 'six', type: '1', link: 'link' }],
    ],
  ],
  [
    'kinds that replace each other',
    [
      [...BASE, directory('x/'), file('x/y'), file('z'), { name: 'l', type: '2', link: 'usr' }, file('f')],
      [
        file('x', 'now a file'),
        directory('z/'),
        file('z/in'),
        directory('l/'),
        file('l/in'),
        { name: 'f', type: '2', link: '/' },
      ],
    ],
  ],
  [
    'attributes, capabilities, access lists, owners, modes, devices, times',
    [
      [
        ...BASE,
        file('ping', 'p', { mode: 0o755, pax: { 'SCHILY.xattr.security.capability': CAPABILITY } }),
        file('u', '', {
          pax: {
            'SCHILY.xattr.user.a': 'short',
            'SCHILY.xattr.user.long': Buffer.alloc(2000, 7),
            'SCHILY.xattr.trusted.t': Buffer.from([0, 255, 10]),
          },
        }),
        directory('acl/', { pax: { 'SCHILY.xattr.system.posix_acl_default': ACL, 'SCHILY.xattr.user.d': 'x' } }),
        file('acl/f', '', { mode: 0o644, pax: { 'SCHILY.xattr.system.posix_acl_access': ACL } }),
        file('own', 'o', { uid: 1000, gid: 70_000, pax: { uid: '4000000' } }),
        file('su', 's', { mode: 0o6755 }),
        directory('sticky/', { mode: 0o3777 }),
        { name: 'null', type: '3', device: [1, 3], mode: 0o666 },
        { name: 'disk', type: '4', device: [259, 70_000], mode: 0o660, gid: 6 },
        { name: 'pipe', type: '6', mode: 0o600 },
        file('old', '', { pax: { mtime: '-12345.5' } }),
        file('new', '', { pax: { mtime: '5000000000.123456789' } }),
        { name: 'soft', type: '2', link: 'x'.repeat(59), uid: 9 },
        { name: 'softer', type: '2', link: 'x'.repeat(60), pax: { mtime: '1600000000.5' } },
        { name: 'softest', type: '2', pax: { linkpath: 'y/'.repeat(1500) } },
      ],
      [directory('acl/', { mode: 0o700 }), file('su', 's', { mode: 0o4711, uid: 1 })],
    ],
  ],
  [
    'names with every byte, and long ones',
    [
      [
        ...BASE,
        file('x', 'every byte', { pax: { path: ODD.subarray(0, 253) } }),
        file('y', 'newline', { pax: { path: 'etc/a\n"b"\\' } }),
        file('z', 'long', { pax: { path: 'n'.repeat(255) } }),
        ...[...Array(30).keys()].map((index) => directory('d/', { pax: { path: `${long(index + 1)}/` } })),
        file('deep', 'deep', { pax: { path: `${long(30)}/${'f'.repeat(255)}` } }),
      ],
    ],
  ],
  [
    'entries that lead through links inside the image, and out of it',
    [
      [...BASE, { name: 'lib', type: '2', link: 'usr/lib' }, { name: 'out', type: '2', link: '/../../../etc' }],
      [file('lib/through'), file('out/inside', 'never on the host'), file('/etc/absolute')],
      [file('lib/.wh.through', ''), file('lib/again')],
    ],
  ],
  [
    'many files in one directory, a large one, and an empty one',
    [
      [
        ...BASE,
        directory('many/'),
        ...[...Array(3000).keys()].map((index) => file(`many/file-${index}`, 'x'.repeat(index % 50))),
        file('large', Buffer.alloc(9_000_001, 'large')),
      ],
      [...[...Array(1500).keys()].map((index) => file(`many/.wh.file-${index * 2}`, '')), file('large', 'small now')],
      [file('larger', Buffer.alloc(9_500_000, 'reuse'))],
    ],
  ],
];

beforeEach(({ skip }) => skip(!ROOT, 'only root can unpack owners and devices'));

test.each(CASES)('as umoci unpacks them: %s', async (_what, layers) => {
  await compare(layers.map((parts) => buildTar(parts)));
});

test.each(FORMS)('as GNU tar unpacks it: a sparse file in the form %s %s', async (form, ...options) => {
  await using dir = await tempDir();
  const [from, to] = [join(dir.path, 'from'), join(dir.path, 'to')];
  for (const path of [from, to]) await mkdir(path);
  const hole = await open(join(from, 'hole'), 'w');
  for (const offset of [0, 4095, 3_000_001, 6_000_000]) await hole.write(`at ${offset}`, offset);
  await hole.truncate(8_000_000);
  await hole.close();
  for (const name of ['dev', 'proc', 'run', 'sys', 'tmp']) await mkdir(join(from, name));
  const tar = join(dir.path, 'sparse.tar');
  run('tar', '-C', from, '-c', '--sparse', `--format=${form}`, ...options, '-f', tar, '.');
  run('tar', '-C', to, '-xpf', tar);
  const { disk, bytes } = await fillDisk(dir.path, [await readFile(tar)]);
  expect(bytes).toBeLessThan(2 ** 20);
  expect(manifestOfDisk(dir.path, disk)).toEqual(manifestOf(dir.path, to));
});

async function compare(layers: readonly Buffer[]): Promise<void> {
  await using dir = await tempDir();
  const image = await layoutOf(dir.path, layers);
  run('umoci', 'unpack', '--image', image, join(dir.path, 'bundle'));
  const theirs = manifestOf(dir.path, join(dir.path, 'bundle', 'rootfs'));
  const { disk } = await fillDisk(dir.path, layers);
  expect(theirs.length).toBeGreaterThan(8);
  expect(manifestOfDisk(dir.path, disk)).toEqual(theirs);
}
