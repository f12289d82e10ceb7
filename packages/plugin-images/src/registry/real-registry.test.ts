import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTar } from '@nook/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ImageInfo } from '../contract.ts';
import { findProgram } from '../processes/environment.ts';
import { layoutFiles, sha256 } from '../testing/image-files.ts';
import { HTPASSWD, startRegistry, type TestRegistry } from '../testing/registry.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';
import { layoutOf, manifestOfDisk, run } from '../testing/umoci.ts';

const config = { size: '64MiB' };
const LAYERS = [buildTar([{ name: 'bin/sh', content: 'sh'.repeat(5000) }])];

let dir: Awaited<ReturnType<typeof tempDir>>;
let registry: TestRegistry;
let layout: string;

beforeAll(async () => {
  dir = await tempDir();
  registry = await startRegistry(dir.path);
  layout = `oci:${await layoutOf(dir.path, LAYERS)}`;
  push(layout, `${registry.host}/some/thing:v1`);
}, 60_000);
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});
afterEach(() => {
  delete process.env.DOCKER_CONFIG;
});

function push(from: string, to: string, ...more: readonly string[]): void {
  run('skopeo', 'copy', '-q', '--dest-tls-verify=false', ...more, from, `docker://${to}`);
}

async function pull(home: string, reference: string, more: object = {}): Promise<ImageInfo> {
  await using daemon = testDaemon(join(dir.path, home), { config: { ...config, ...more } });
  return (await daemon.call('image.pull', { reference, name: 'pulled' })) as ImageInfo;
}

test('a mirror is asked first, for what the registry itself does not have to be asked for', async () => {
  const mirrors = [`http://${registry.host}`];
  const image = await pull('mirrored', 'registry.invalid/some/thing:v1', {
    registries: { 'registry.invalid': { mirrors } },
  });
  expect(image.source).toBe('registry.invalid/some/thing:v1');
  expect(image.digest).toBe((await pull('direct', `${registry.host}/some/thing:v1`)).digest);
});

test('a mirror that lacks it, or is not there, is passed over', async () => {
  await using other = await startRegistry(join(dir.path, 'other'));
  const registries = { [registry.host]: { mirrors: [`http://${other.host}`] } };
  const image = await pull('passed', `${registry.host}/some/thing:v1`, { registries });
  expect(image.name).toBe('pulled');
  expect(other.log.some((line) => line.includes('/v2/some/thing/manifests/v1') && line.includes(' 404 '))).toBe(true);
});

test('layers of zstd, of gzip and plain ones become the same image', async () => {
  const plain = join(dir.path, 'plain');
  run('skopeo', 'copy', '-q', '--dest-decompress', layout, `dir:${plain}`);
  // Packed on the way to the registry, it would be taken for the layer of gzip that is there.
  const zstd = `oci:${join(dir.path, 'zstd')}:it`;
  run('skopeo', 'copy', '-q', '--dest-compress', '--dest-compress-format', 'zstd', `dir:${plain}`, zstd);
  push(zstd, `${registry.host}/some/thing:zstd`, '--preserve-digests');
  push(`dir:${plain}`, `${registry.host}/some/thing:plain`, '--preserve-digests');
  const typeOf = (tag: string) => {
    const image = `docker://${registry.host}/some/thing:${tag}`;
    return JSON.parse(run('skopeo', 'inspect', '--raw', '--tls-verify=false', image)).layers[0].mediaType;
  };
  expect(['zstd', 'plain', 'v1'].map(typeOf)).toEqual(
    ['+zstd', '', '+gzip'].map((packed) => `application/vnd.oci.image.layer.v1.tar${packed}`),
  );
  const gzip = await pull('gzip', `${registry.host}/some/thing:v1`);
  for (const tag of ['zstd', 'plain']) {
    expect((await pull(tag, `${registry.host}/some/thing:${tag}`)).digest, tag).toBe(gzip.digest);
  }
});

test("docker's own kind of manifest, and one that is named by its digest, are the same image", async () => {
  const image = `${registry.host}/some/thing`;
  push(layout, `${image}:docker`, '--format', 'v2s2');
  const raw = run('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${image}:docker`);
  expect(JSON.parse(raw).mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  const { digest } = await pull('oci', `${image}:v1`);
  const docker = await pull('docker', `${image}:docker`);
  const exact = await pull('exact', `${image}@sha256:${sha256(raw)}`);
  expect([docker.digest, exact.digest]).toEqual([exact.digest, docker.digest]);
  expect(exact.source).toBe(`${image}@sha256:${sha256(raw)}`);
  expect(digest).toBe(docker.digest);
  const gone = pull('gone', `${image}@sha256:${sha256('other')}`);
  await expect(gone).rejects.toMatchObject({ code: 'not_found' });
});

test('an image that buildah made and pushed has what buildah took away taken away', async ({ skip }) => {
  skip(process.getuid?.() !== 0, 'only root can mount what buildah is making');
  skip(findProgram('buildah') === undefined, 'buildah is not installed');
  const at = join(dir.path, 'buildah');
  const buildah = (...args: readonly string[]) =>
    run('buildah', '--root', join(at, 'root'), '--runroot', join(at, 'run'), '--storage-driver', 'vfs', ...args).trim();
  await mkdir(join(at, 'tree/etc'), { recursive: true });
  for (const name of ['kept', 'gone']) await writeFile(join(at, 'tree/etc', name), name);
  const first = buildah('from', 'scratch');
  buildah('copy', '-q', first, join(at, 'tree'), '/');
  buildah('config', '--env', 'MADE=1', '--cmd', 'run', first);
  const second = buildah('from', '--pull-never', buildah('commit', '-q', first));
  await rm(join(buildah('mount', second), 'etc/gone'));
  buildah('commit', '-q', '--tls-verify=false', second, `docker://${registry.host}/some/made:v1`);
  const image = await pull('made', `${registry.host}/some/made:v1`);
  expect(image.config).toMatchObject({ env: ['MADE=1'], cmd: ['run'] });
  const files = manifestOfDisk(dir.path, image.path);
  expect(files.filter((line) => line.startsWith('/etc/'))).toEqual([expect.stringMatching(/^\/etc\/kept f /)]);
});

test('of an index, the image for linux/amd64 is taken; one without it says what there is', async () => {
  const image = await indexed('all', ['arm64', 'amd64']);
  expect((await pull('index', image)).config.env).toContain('REF=amd64');
  const lacking = pull('lacking', await indexed('others', ['arm64', 's390x']));
  await expect(lacking).rejects.toMatchObject({
    code: 'not_found',
    hint: 'It is there for: linux/arm64, linux/s390x.',
  });
});

/** Pushes an index of images that differ in their environment. */
async function indexed(tag: string, architectures: readonly string[]): Promise<string> {
  const folder = join(dir.path, `index-${tag}`);
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  const manifests = [];
  for (const architecture of architectures) {
    const files = layoutFiles(LAYERS, architecture);
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    const [{ annotations: _, ...descriptor }] = JSON.parse(String(files['index.json'])).manifests;
    manifests.push({ ...descriptor, platform: { os: 'linux', architecture } });
  }
  const index = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests });
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  await writeFile(join(folder, 'blobs/sha256', sha256(index)), index);
  const only = { mediaType, digest: `sha256:${sha256(index)}`, size: index.length };
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [only] }));
  push(`oci:${folder}`, `${registry.host}/some/index:${tag}`, '--all');
  return `${registry.host}/some/index:${tag}`;
}

test('a credential helper is asked for the registry, and what it answers stays in memory', {
  timeout: 60_000,
}, async () => {
  const place = join(dir.path, 'locked');
  await mkdir(place);
  await using locked = await startRegistry(place, { htpasswd: HTPASSWD });
  push(layout, `${locked.host}/some/thing:v1`, '--dest-creds', 'user:secret-word');
  const helper = join(place, 'docker-credential-nooktest');
  const answer = '{"Username":"user","Secret":"secret-word"}';
  await writeFile(helper, `#!/bin/sh\n[ "$1" = get ] || exit 2\ncat >> '${place}/asked'\nprintf '%s' '${answer}'\n`);
  await chmod(helper, 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${place}:${path}`;
  process.env.DOCKER_CONFIG = place;
  try {
    await writeFile(join(place, 'config.json'), JSON.stringify({ credHelpers: { [locked.host]: 'nooktest' } }));
    await pull('helped', `${locked.host}/some/thing:v1`);
    expect(await readFile(join(place, 'asked'), 'utf8')).toContain(locked.host);
    await writeFile(join(place, 'config.json'), JSON.stringify({ credsStore: 'nooktest' }));
    await pull('stored', `${locked.host}/some/thing:v1`);
    await writeFile(helper, '#!/bin/sh\necho "credentials not found"\nexit 1\n');
    await expect(pull('none', `${locked.host}/some/thing:v1`)).rejects.toMatchObject({ code: 'unauthorized' });
  } finally {
    process.env.PATH = path;
  }
  const found = run('sh', '-c', `grep -rlaF --exclude=docker-credential-nooktest secret-word '${dir.path}' || true`);
  expect(found.trim()).toBe('');
});
