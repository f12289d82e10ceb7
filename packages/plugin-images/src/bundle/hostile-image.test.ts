import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildTar, type TarPart } from '@nook/testkit';
import { expect, test } from 'vitest';
import type { ImageInfo } from '../contract.ts';
import { dockerFiles, type Files, layoutFiles, sha256 } from '../testing/image-files.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';
import { run } from '../testing/umoci.ts';
import { inspect } from '../worker/inspect.ts';

const config = { size: '32MiB', max_import_bytes: '2MiB' };
const LAYER = buildTar([{ name: 'bin/sh', content: 'x'.repeat(1000) }]);
const HEX = sha256(LAYER);
const layout = (change: (files: Files) => void = () => {}) => changed(layoutFiles([LAYER]), change);
const docker = (change: (files: Files) => void = () => {}) => changed(dockerFiles([LAYER]), change);

function tarOfFiles(files: Files, ...more: readonly TarPart[]): Buffer {
  return buildTar([...Object.entries(files).map(([name, content]) => ({ name, content })), ...more]);
}

function changed(files: Files, change: (files: Files) => void): Files {
  change(files);
  return files;
}

/** Puts another document in a file's place. */
function edit(name: string, change: (text: string) => string): (files: Files) => void {
  return (files) => {
    files[name] = change(String(files[name]));
  };
}

function refusal(message: RegExp) {
  return { code: 'bad_request', message: expect.stringMatching(message) };
}

function looked(path: string, directory: string): Promise<unknown> {
  return inspect({ job: 'inspect', path, directory, max_bytes: 2 * 2 ** 20 }, () => {});
}

const bomb = (bytes: number) => gzipSync(buildTar([{ name: 'zero', content: Buffer.alloc(bytes) }]));
const evil = buildTar([{ name: '../../escaped', content: 'x' }]);
const named = (name: string, link: string, type: string) => ({ name, type, link });

test.each<[string, Buffer, RegExp]>([
  [
    'a changed configuration',
    tarOfFiles(
      docker((files) => {
        const name = Object.keys(files).find((each) => each.endsWith('.json')) ?? '';
        edit(name, (text) => text.replace('A=1', 'A=2'))(files);
      }),
    ),
    /digest.*changed/,
  ],
  [
    'a layer of another size',
    tarOfFiles(layout(edit('index.json', (text) => text.replace(/"size":\d+/, '"size":1')))),
    /bytes; its image says 1/,
  ],
  ['a layer that is missing', tarOfFiles(layout((files) => delete files[`blobs/sha256/${HEX}`])), /lacks/],
  [
    'a list that leads outside',
    tarOfFiles(docker(edit('manifest.json', (text) => text.replace(HEX, '../../etc')))),
    /lacks/,
  ],
  [
    'a list that leads to a file of the host',
    tarOfFiles(docker(edit('manifest.json', (text) => text.replace(`${HEX}/layer.tar`, '/etc/passwd')))),
    /lacks/,
  ],
  [
    'a layer that is a link out of the archive',
    tarOfFiles(
      docker((files) => delete files[`${HEX}/layer.tar`]),
      named(`${HEX}/layer.tar`, '/etc/passwd', '2'),
    ),
    /lacks/,
  ],
  [
    'layers that are links in a circle',
    tarOfFiles(
      docker((files) => delete files[`${HEX}/layer.tar`]),
      named(`${HEX}/layer.tar`, '../repositories', '2'),
      named('repositories', `${HEX}/layer.tar`, '1'),
    ),
    /lacks/,
  ],
  ['an entry that leads outside', tarOfFiles(layout(), { name: 'blobs/../../x' }), /leads out/],
  ['no JSON', tarOfFiles(layout((files) => (files['index.json'] = '{'))), /not JSON/],
  ['no list', tarOfFiles(docker((files) => (files['manifest.json'] = '{}'))), /damaged/],
  [
    'a document of 5 MiB',
    tarOfFiles(layout((files) => (files['index.json'] = ' '.repeat(5 * 2 ** 20)))),
    /larger than 4 MiB/,
  ],
  [
    'a layout of another version',
    tarOfFiles(layout((files) => (files['oci-layout'] = '{"imageLayoutVersion":"2.0"}'))),
    /version 2.0/,
  ],
  [
    'a bomb for an archive',
    gzipSync(tarOfFiles(dockerFiles([Buffer.alloc(8 * 2 ** 20)]))),
    /longer than 2097152 bytes/,
  ],
  ['a cut end', tarOfFiles(layout()).subarray(0, 5000), /ends in the middle/],
  ['a size that lies', tarOfFiles(layout(), { name: 'blobs/x', size: 2 ** 30 }), /ends in the middle/],
  [
    'a sparse file',
    tarOfFiles(layout(), { name: 'blobs/x', content: 'xx', pax: { 'GNU.sparse.map': '0,2', 'GNU.sparse.size': '9' } }),
    /sparse/,
  ],
])('an image with %s is refused as it is read', async (_what, bytes, message) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'image.tar');
  await writeFile(path, bytes);
  await expect(looked(path, dir.path)).rejects.toMatchObject(refusal(message));
});

test('a layout whose layer is a pipe is refused', async () => {
  await using dir = await tempDir();
  const root = join(dir.path, 'layout');
  const files = layout((each) => delete each[`blobs/sha256/${HEX}`]);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  run('mkfifo', join(root, `blobs/sha256/${HEX}`));
  await expect(looked(root, dir.path)).rejects.toMatchObject(refusal(/lacks/));
});

test.each<[string, Buffer, RegExp]>([
  [
    'a changed layer',
    tarOfFiles(layout(edit(`blobs/sha256/${HEX}`, (text) => text.replace('xx', 'yy')))),
    /has the digest/,
  ],
  [
    'a changed layer of docker',
    tarOfFiles(docker(edit(`${HEX}/layer.tar`, (text) => text.replace('xx', 'yy')))),
    /unpacks to/,
  ],
  [
    'a layer of docker that ends after an entry',
    tarOfFiles(docker((files) => (files[`${HEX}/layer.tar`] = LAYER.subarray(0, -1024)))),
    /unpacks to/,
  ],
  ['a layer that leads outside', tarOfFiles(layoutFiles([evil])), /leads out/],
  ['a bomb for a layer', tarOfFiles(layoutFiles([LAYER, bomb(8 * 2 ** 20)])), /add up to more/],
  ['layers beyond the limit', tarOfFiles(dockerFiles([Buffer.alloc(4 * 2 ** 20)])), /of packed layers/],
])('an image with %s is refused, and nothing is left', async (_what, bytes, message) => {
  await using dir = await tempDir();
  await using daemon = testDaemon(join(dir.path, 'home'), { config });
  const path = join(dir.path, 'image.tar');
  await writeFile(path, bytes);
  await expect(daemon.call('image.import', { name: 'evil', path })).rejects.toMatchObject(refusal(message));
  expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
  expect(await readdir(join(daemon.store, 'images'))).toEqual([]);
});

test('a root file system that has files of such names stays one', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(join(dir.path, 'home'), { config });
  const path = join(dir.path, 'root.tar');
  await writeFile(path, tarOfFiles({ 'manifest.json': '[]', 'bin/sh': 'x' }));
  const image = (await daemon.call('image.import', { path })) as ImageInfo;
  expect(image).toMatchObject({ name: 'root', source: 'import root.tar', config: { env: [] } });
  const ref = daemon.call('image.import', { path, ref: 'v1', name: 'other' });
  await expect(ref).rejects.toMatchObject({ code: 'bad_params', hint: expect.stringContaining('--ref') });
});
