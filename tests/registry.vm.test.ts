import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HTPASSWD, startRegistry, type TestRegistry } from '../packages/plugin-images/src/testing/registry.ts';
import { layoutOf, manifestOf, manifestProgram, run } from '../packages/plugin-images/src/testing/umoci.ts';
import { buildTar, type TarPart } from '../packages/testkit/src/tar-builder.ts';
import { Home } from './harness/home.ts';

/** Only root may unpack owners and devices with umoci; nook's tree is looked at by itself then. */
const ROOT = process.getuid?.() === 0;

let home: Home;
let directory: string;
let registry: TestRegistry;
let reference: string;

/** An image without a shell: one static program, which prints what the directory that it is run in holds. */
beforeAll(async () => {
  home = await Home.create();
  directory = await mkdtemp(join(tmpdir(), 'nook-registry-'));
  registry = await startRegistry(directory);
  const program = await readFile(manifestProgram(directory));
  const image = await layoutOf(directory, [
    buildTar([
      { name: './', type: '5', mode: 0o755 },
      { name: 'manifest', content: program, mode: 0o755 },
      { name: 'data/', type: '5', mode: 0o755 },
      { name: 'data/gone', content: 'x' },
      { name: 'data/kept', content: 'kept', mode: 0o4711, uid: 70_000, gid: 9 },
      { name: 'data/null', type: '3', device: [1, 3], mode: 0o666 },
      { name: 'data/attribute', pax: { 'SCHILY.xattr.user.a': 'b', path: 'data/odd\n"name"\u0001', mtime: '1.25' } },
    ] satisfies TarPart[]),
    buildTar([
      { name: 'data/.wh.gone' },
      { name: 'data/link', type: '1', link: 'data/kept' },
      { name: 'data/sub/', type: '5', mode: 0o700 },
      { name: 'data/sub/file', content: 'y'.repeat(5000) },
    ]),
  ]);
  const config = ['--config.entrypoint', '/manifest', '--config.cmd', '.', '--config.workingdir', '/data'];
  config.push('--config.exposedports', '80/tcp', '--config.exposedports', '53/udp');
  run('umoci', 'config', '--image', image, ...config);
  reference = `${registry.host}/tools/manifest:v1`;
  run('skopeo', 'copy', '-q', '--dest-tls-verify=false', `oci:${image}`, `docker://${reference}`);
  if (ROOT) run('umoci', 'unpack', '--image', image, join(directory, 'bundle'));
}, 60_000);
afterAll(async () => {
  // The store is kept between runs.
  await home.ok('image', 'rm', reference);
  await home[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

it('an image of a registry runs what it says, and sees the tree that umoci unpacks', async () => {
  const { code, stdout } = await home.nook(['vm', 'run', '--rm', '--memory', '128M', '--image', reference]);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n').sort();
  expect(lines.length).toBe(7);
  expect(lines).toContainEqual(expect.stringMatching(/^\/kept f 4711 70000:9 /));
  if (ROOT) expect(lines).toEqual(manifestOf(directory, join(directory, 'bundle', 'rootfs', 'data')));
});

it('the ports that an image exposes are published on request, at ports that are free', async () => {
  const ports = (more: readonly string[]) =>
    home.json<{ network: { publish: { guest_port: number; host_port: number; protocol: string }[] } }>(
      ...['vm', 'create', '--image', reference, '--publish-all', ...more],
    );
  const { network } = await ports(['--name', 'all', '--publish', '8099:80']);
  expect(network.publish).toMatchObject([
    { guest_port: 80, host_port: 8099 },
    { guest_port: 53, protocol: 'udp' },
  ]);
  expect(network.publish[1]?.host_port).toBeGreaterThan(0);
  const refused = await home.nook(['vm', 'create', '--image', reference, '--publish-all', '--network', 'none']);
  expect(refused.stderr).toMatch(/without a network cannot publish/);
  await home.ok('vm', 'rm', 'all');
});

it('a command given takes the place of the one of the image', async () => {
  const command = ['--memory', '128M', '--image', reference, '--', '/manifest', 'sub'];
  const { stdout } = await home.nook(['vm', 'run', '--rm', ...command]);
  expect(stdout).toMatch(/^\/ d 0700 .*\n\/file f 0644 0:0 0,0 5000 .*\n$/);
});

/** Pushes an image whose `/data` holds one file of that name. */
async function pushWith(file: string, to: string): Promise<void> {
  const folder = join(directory, file);
  await mkdir(folder);
  const program = await readFile(manifestProgram(directory));
  const image = await layoutOf(folder, [
    buildTar([
      { name: 'manifest', content: program, mode: 0o755 },
      { name: `data/${file}`, content: file },
    ]),
  ]);
  run('skopeo', 'copy', '-q', '--dest-tls-verify=false', `oci:${image}`, `docker://${to}`);
}

it('a tag that moved and is pulled anew changes no VM that stands on what it meant', async () => {
  const moving = `${registry.host}/tools/moving:latest`;
  const digestOf = async () => (await home.json<{ digest: string }>('image', 'show', moving)).digest;
  const filesIn = async (name: string) =>
    [...(await home.ok('vm', 'exec', name, '--', '/manifest', '/data')).matchAll(/^\/(\S+) f /gm)].map(
      ([, file]) => file,
    );
  const start = async (name: string) => {
    await home.ok('vm', 'create', '--name', name, '--memory', '128M', '--image', moving);
    await home.ok('vm', 'start', name);
  };
  await pushWith('first', moving);
  await start('old');
  const first = await digestOf();
  expect(await filesIn('old')).toEqual(['first']);
  await pushWith('second', moving);
  await home.ok('image', 'pull', '--force', moving);
  expect(await digestOf()).not.toBe(first);
  await home.ok('vm', 'stop', 'old');
  await home.ok('vm', 'start', 'old');
  await start('new');
  expect([await filesIn('old'), await filesIn('new')]).toEqual([['first'], ['second']]);
  expect(await home.json('vm', 'show', 'old')).toMatchObject({ image_digest: first });
  expect((await home.nook(['image', 'rm', first])).stderr).toMatch(/used by VM old/);
  await home.ok('vm', 'rm', '--force', 'old', 'new');
  await home.ok('image', 'rm', first);
  await home.ok('image', 'rm', moving);
});

it('a password that a registry was read with is in no log, nor anywhere else in the home', async () => {
  const place = join(directory, 'locked');
  await mkdir(place);
  await using locked = await startRegistry(place, { htpasswd: HTPASSWD });
  const image = `${locked.host}/some/thing:v1`;
  const skopeo = [
    'copy',
    '-q',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    '--dest-creds',
    'user:secret-word',
  ];
  run('skopeo', ...skopeo, `docker://${reference}`, `docker://${image}`);
  const auth = Buffer.from('user:secret-word').toString('base64');
  await writeFile(join(place, 'config.json'), JSON.stringify({ auths: { [locked.host]: { auth } } }));
  await using other = await Home.create({
    config: '[daemon]\nlog_level = "trace"\n[vm.templates]\nauto = false\n',
    env: { DOCKER_CONFIG: place },
  });
  const said = await other.nook(['image', 'pull', image]);
  expect(said.code).toBe(0);
  expect(await other.ok('daemon', 'logs')).toContain('image.pull');
  const found = run('sh', '-c', `grep -rlaE 'secret-word|${auth}' '${other.dir}' || true`);
  expect(found).toBe('');
  expect(said.stdout + said.stderr).not.toMatch(new RegExp(`secret-word|${auth}`));
  await other.ok('image', 'rm', image);
});
