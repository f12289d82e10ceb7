import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '@nook/daemonapi';
import { buildTar } from '@nook/testkit';
import { expect, test } from 'vitest';
import type { ImageInfo, ImageRow } from '../contract.ts';
import { startRegistry } from '../testing/registry.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { patient, type TestDaemon, testDaemon } from '../testing/test-daemon.ts';
import { layoutOf, run } from '../testing/umoci.ts';

const CONFIG = { size: '32MiB' };
/** Nobody listens there. */
const UNREACHABLE = '127.0.0.1:47/some/thing:v1';

async function withCatalog(text: string, check: (daemon: TestDaemon, home: string) => Promise<void>, config = {}) {
  await using dir = await tempDir();
  await writeFile(join(dir.path, 'catalog.toml'), text);
  await using daemon = testDaemon(dir.path, { config: { ...CONFIG, ...config } });
  await check(daemon, dir.path);
}

const entry = (name: string, ...sources: readonly string[]) => `[${name}]\nsources = ${JSON.stringify(sources)}\n`;

test('what cannot be reached is passed over with a word, and the next one serves', async () => {
  await using dir = await tempDir();
  await using registry = await startRegistry(dir.path);
  const layout = await layoutOf(dir.path, [buildTar([{ name: 'bin/sh', content: 'x' }])]);
  const reference = `${registry.host}/tools:v1`;
  run('skopeo', 'copy', '-q', '--dest-tls-verify=false', `oci:${layout}`, `docker://${reference}`);
  const sources = ['nosuch:thing', 'busybox', UNREACHABLE, `${registry.host}/gone:v1`, reference];
  await withCatalog(entry('"alpine"', ...sources), async (daemon) => {
    const seen: Progress[] = [];
    const image = await daemon.images.ensure('alpine', patient(seen));
    expect(image).toMatchObject({ name: 'alpine', source: reference });
    const said = seen.filter(({ stage }) => stage === 'catalog').map(({ message }) => message);
    expect(said).toEqual([
      expect.stringMatching(/^nosuch:thing is skipped: .* knows 'nosuch:'\. Going on with busybox\.$/),
      expect.stringMatching(/^busybox is skipped: 'busybox' is no reference of any source\. Going on with 127/),
      expect.stringMatching(/^127\.0\.0\.1:47\/some\/thing:v1 is skipped: .* cannot be reached: .* Going on with/),
      expect.stringMatching(/gone:v1 is skipped: .* is not in the registry .* Going on with .*tools:v1\.$/),
    ]);
    expect(daemon.images.get('alpine')).toEqual(image);
    expect(await daemon.call('image.pull', { reference })).toMatchObject({ digest: image.digest });
  });
}, 60_000);

test('when none serves, the error says of each why, and nothing is left', async () => {
  await withCatalog(entry('mine', 'nosuch:thing', UNREACHABLE), async (daemon) => {
    await expect(daemon.call('image.pull', { reference: 'mine' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /of image 'mine' can be reached\. nosuch:thing: .* 127\.0\.0\.1:47\S+: .*ECONNREFUSED/,
      ),
      hint: expect.stringContaining('more come with plugins'),
      details: { sources: [{ code: 'not_found' }, { code: 'unavailable' }] },
    });
    expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
    expect(daemon.images.get('mine')).toBeUndefined();
  });
}, 60_000);

test('what is wrong with an image that is there is told, and no other one taken for it', async () => {
  await using dir = await tempDir();
  const [bad, good] = [join(dir.path, 'bad.tar'), join(dir.path, 'good.tar')];
  await writeFile(bad, buildTar([{ name: '../../etc/passwd', content: 'x' }]));
  await writeFile(good, buildTar([{ name: 'bin/sh', content: 'x' }]));
  await withCatalog(entry('mine', `file:${bad}`, `file:${good}`), async (daemon) => {
    await expect(daemon.call('image.pull', { reference: 'mine' })).rejects.toMatchObject({ code: 'bad_request' });
    expect(daemon.images.get('mine')).toBeUndefined();
  });
});

test("the user's entries go before nook's own, and are listed with them", async () => {
  const text = `${entry('mine', 'debian:trixie')}${entry('alpine', 'registry.lan:5000/alpine:3')}summary = "ours"\n`;
  await withCatalog(text, async (daemon, home) => {
    const list = async (params: object) => (await daemon.call('image.list', params)) as ImageRow[];
    const rows = await list({});
    expect(rows.map(({ name }) => name)).toEqual([
      'debian-12',
      'debian-13',
      'ubuntu-24.04',
      'alpine',
      'busybox',
      'mine',
    ]);
    expect(rows[3]).toMatchObject({ summary: 'ours', sources: ['registry.lan:5000/alpine:3'], state: 'available' });
    expect(rows[5]).toMatchObject({ summary: 'from debian:trixie' });
    expect(rows[0]?.sources).toEqual(['debian:bookworm', 'docker.io/library/debian:bookworm']);
    await writeFile(join(home, 'root.tar'), buildTar([{ name: 'bin/sh', content: 'x' }]));
    const other = (await daemon.call('image.import', { path: join(home, 'root.tar'), name: 'other' })) as ImageInfo;
    expect((await list({})).map(({ name, state }) => `${name} ${state}`)).toContain('other ready');
    expect((await list({ available: true })).map(({ name }) => name)).not.toContain(other.name);
    const taken = { path: join(home, 'root.tar'), name: 'mine' };
    await expect(daemon.call('image.import', taken)).rejects.toMatchObject({ code: 'already_exists' });
    await writeFile(join(home, 'catalog.toml'), '');
    expect((await list({ available: true })).map(({ name }) => name)).not.toContain('mine');
  });
});

test.each([
  ['[mine', /cannot be used: Invalid TOML/],
  ['[mine]\nsources = []', /mine\.sources: /],
  ['[mine]\nsource = ["a:b"]', /mine/],
  ['[Mine]\nsources = ["a:b"]', /Mine: /],
  ['mine = 3', /mine: /],
])('the catalog %j is refused with a word', async (text, message) => {
  await withCatalog(text, async (daemon) => {
    await expect(daemon.call('image.list', {})).rejects.toMatchObject({
      ...{ code: 'bad_request', message: expect.stringMatching(message), hint: expect.stringContaining('sources =') },
    });
  });
});

test('a catalog that config names has to be there', async () => {
  const catalog = '/nonexistent/catalog.toml';
  await withCatalog(
    entry('mine', 'debian:trixie'),
    async (daemon) => {
      await expect(daemon.call('image.list', {})).rejects.toThrow(catalog);
    },
    { catalog },
  );
});
