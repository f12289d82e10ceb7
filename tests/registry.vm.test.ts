import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRegistry, type TestRegistry } from '../packages/plugin-images/src/testing/registry.ts';
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
