import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTar, type TarPart } from '@nook/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImageInfo } from '../contract.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';
import { layoutOf, manifestOf, manifestOfDisk, run } from '../testing/umoci.ts';

const ROOT = process.getuid?.() === 0;
const directory = (name: string): TarPart => ({ name, type: '5', mode: 0o755 });
/** The second one has no end mark, as `umoci insert` writes layers. */
const LAYERS = [
  buildTar([
    ...['./', 'dev/', 'proc/', 'run/', 'sys/', 'tmp/', 'bin/', 'etc/'].map(directory),
    { name: 'bin/sh', content: 'sh', mode: 0o4755 },
    { name: 'etc/gone', content: 'x', uid: 70_000 },
    { name: 'etc/kept', content: 'one' },
  ]),
  buildTar(
    [
      { name: 'etc/.wh.gone', content: '' },
      { name: 'etc/link', type: '1', link: 'etc/kept' },
      { name: 'etc/soft', type: '2', link: '../bin/sh' },
      { name: 'etc/big', content: Buffer.alloc(300_000, 'big') },
    ],
    Buffer.alloc(0),
  ),
];
const CONFIG = ['--config.env', 'A=1', '--config.cmd', 'run', '--config.entrypoint', '/bin/sh', '--config.user', '7'];

interface Saved {
  readonly dir: string;
  /** An OCI layout, with the tag `it`. */
  readonly layout: string;
}

/** What real tools write an image as, each below `dir`; answers the path and, where there are several images, the ref. */
const FORMS: Readonly<Record<string, (saved: Saved) => Promise<string> | string>> = {
  'an OCI layout': ({ layout }) => layout,
  'an OCI archive of skopeo': ({ dir, layout }) => {
    run('skopeo', 'copy', '-q', `oci:${layout}:it`, `oci-archive:${dir}/image:it`);
    return join(dir, 'image');
  },
  'a docker archive of skopeo': ({ dir, layout }) => {
    run('skopeo', 'copy', '-q', `oci:${layout}:it`, `docker-archive:${dir}/image:some/thing:it`);
    return join(dir, 'image');
  },
  'a docker archive that was made of one of skopeo, packed with gzip': ({ dir, layout }) => {
    run('skopeo', 'copy', '-q', `oci:${layout}:it`, `docker-archive:${dir}/image:some/thing:it`);
    run('skopeo', 'copy', '-q', `docker-archive:${dir}/image`, `docker-archive:${dir}/again`);
    run('gzip', '-n', join(dir, 'again'));
    return join(dir, 'again.gz');
  },
  'a tar of a layout, packed with xz': ({ dir, layout }) => {
    run('tar', '-C', layout, '-cJf', join(dir, 'image'), '.');
    return join(dir, 'image');
  },
  'a layout with layers of zstd': ({ dir, layout }) => {
    const [plain, to] = [join(dir, 'plain'), join(dir, 'zstd')];
    // What is packed already is copied as it is.
    run('skopeo', 'copy', '-q', '--dest-decompress', `oci:${layout}:it`, `dir:${plain}`);
    run('skopeo', 'copy', '-q', '--dest-compress', '--dest-compress-format', 'zstd', `dir:${plain}`, `oci:${to}:it`);
    expect(run('skopeo', 'inspect', '--raw', `oci:${to}:it`)).toContain('tar+zstd');
    return to;
  },
  'an archive as docker writes it today, a layout with a list of its own': async ({ dir, layout }) => {
    const to = join(dir, 'docker');
    await cp(layout, to, { recursive: true });
    run('skopeo', 'copy', '-q', `oci:${layout}:it`, `docker-archive:${dir}/old:some/thing:it`);
    await mkdir(join(dir, 'old.d'));
    run('tar', '-C', join(dir, 'old.d'), '-xf', join(dir, 'old'));
    const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
    const manifest = await readFile(join(layout, blobOf(index.manifests[0])), 'utf8');
    const { config, layers } = JSON.parse(manifest);
    const list = [{ Config: blobOf(config), RepoTags: ['some/thing:it'], Layers: layers.map(blobOf) }];
    await writeFile(join(to, 'manifest.json'), JSON.stringify(list));
    run('tar', '-C', to, '-cf', join(dir, 'image'), 'blobs', 'index.json', 'manifest.json', 'oci-layout');
    return join(dir, 'image');
  },
};

function blobOf({ digest }: { readonly digest: string }): string {
  return `blobs/${digest.replace(':', '/')}`;
}

interface Fixture extends AsyncDisposable {
  readonly path: string;
  /** As umoci unpacks the image; empty where only root may. */
  readonly theirs: readonly string[];
}

let fixture: Fixture;

beforeAll(async () => {
  const dir = await tempDir();
  const image = await layoutOf(dir.path, LAYERS);
  run('umoci', 'config', '--image', image, ...CONFIG);
  if (ROOT) run('umoci', 'unpack', '--image', image, join(dir.path, 'bundle'));
  const theirs = ROOT ? manifestOf(dir.path, join(dir.path, 'bundle', 'rootfs')) : [];
  fixture = { path: dir.path, theirs, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}, 60_000);

afterAll(() => fixture[Symbol.asyncDispose]());

test.each(Object.keys(FORMS))('%s becomes the tree that umoci unpacks, with its configuration', async (form) => {
  await using dir = await tempDir();
  const path = await FORMS[form]?.({ dir: dir.path, layout: join(fixture.path, 'layout') });
  await using daemon = testDaemon(join(dir.path, 'home'), { config: { size: '64MiB' } });
  const made = (await daemon.call('image.import', { path, name: 'mine' })) as ImageInfo;
  expect(made.config).toMatchObject({ cmd: ['run'], entrypoint: ['/bin/sh'], user: '7' });
  expect(made.config.env).toContain('A=1');
  if (!ROOT) return;
  expect(fixture.theirs.length).toBe(13);
  expect(manifestOfDisk(fixture.path, made.path)).toEqual(fixture.theirs);
});

test('of several images in a layout the tag says which, and without one all are named', async () => {
  await using dir = await tempDir();
  const image = await layoutOf(dir.path, LAYERS);
  run('umoci', 'tag', '--image', image, 'same');
  const layout = join(dir.path, 'layout');
  await using daemon = testDaemon(join(dir.path, 'home'), { config: { size: '64MiB' } });
  const first = (await daemon.call('image.import', { path: layout })) as ImageInfo;
  expect(first).toMatchObject({ name: 'layout' });
  run('umoci', 'config', '--image', image, '--tag', 'other', '--config.env', 'OTHER=1');
  const refused = {
    code: 'bad_request',
    message: expect.stringContaining('several'),
    hint: expect.stringMatching(/it, same, other/),
  };
  await expect(daemon.call('image.import', { path: layout, name: 'x' })).rejects.toMatchObject(refused);
  const other = (await daemon.call('image.import', { path: layout, ref: 'other' })) as ImageInfo;
  expect(other).toMatchObject({ name: 'layout-other', source: 'import layout (other)' });
  expect(other.config.env).toContain('OTHER=1');
  const none = daemon.call('image.import', { path: layout, ref: 'none', name: 'x' });
  await expect(none).rejects.toMatchObject({ code: 'not_found', hint: expect.stringContaining('other') });
});
