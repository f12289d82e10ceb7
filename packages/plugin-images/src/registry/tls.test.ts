import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTar } from '@nook/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { selfSigned } from '../testing/certificate.ts';
import { otherDaemon } from '../testing/other-daemon.ts';
import { startRegistry, type TestRegistry } from '../testing/registry.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';
import { layoutOf, run } from '../testing/umoci.ts';

const LAYERS = [buildTar([{ name: 'bin/sh', content: 'sh' }])];

let dir: Awaited<ReturnType<typeof tempDir>>;
let registry: TestRegistry;
let certificate: string;

beforeAll(async () => {
  dir = await tempDir();
  const pair = selfSigned(dir.path);
  certificate = pair.certificate;
  registry = await startRegistry(dir.path, { tls: pair });
  const layout = `oci:${await layoutOf(dir.path, LAYERS)}`;
  run('skopeo', 'copy', '-q', '--dest-tls-verify=false', layout, `docker://${registry.host}/some/thing:v1`);
}, 60_000);
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function settings(insecure: boolean, host = registry.host) {
  return { size: '64MiB', registries: { [host]: { insecure } } };
}

/** A pull by a daemon in a process of its own, which learns only at its start whom to trust. */
async function pull(home: string, config: object, env = {}): Promise<Record<string, unknown>> {
  const at = join(dir.path, home);
  await mkdir(at);
  const params = { reference: `${registry.host}/some/thing:v1` };
  const call = { home: at, store: join(at, 'images'), method: 'image.pull', params, config };
  return otherDaemon(call, { env }).ended;
}

test('a certificate that is not trusted is refused by name, at once, with what to do', async () => {
  expect(await pull('distrusted', settings(false))).toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/certificate that is not trusted: self-signed/),
    hint: expect.stringMatching(/NODE_EXTRA_CA_CERTS=FILE.*insecure = true/),
  });
});

test('it is trusted with what Node is told to trust, in the worker too', async () => {
  expect(await pull('trusted', settings(false), { NODE_EXTRA_CA_CERTS: certificate })).toMatchObject({
    source: `${registry.host}/some/thing:v1`,
  });
});

test('insecure means TLS without a look at the certificate, and without TLS where there is none', async () => {
  await using daemon = testDaemon(join(dir.path, 'insecure'), { config: settings(true) });
  const params = { reference: `${registry.host}/some/thing:v1` };
  const image = (await daemon.call('image.pull', params)) as { digest: string };
  await using plain = await startRegistry(join(dir.path, 'plain'));
  const from = ['--src-tls-verify=false', '--dest-tls-verify=false', `docker://${registry.host}/some/thing:v1`];
  run('skopeo', 'copy', '-q', ...from, `docker://${plain.host}/some/thing:v1`);
  await using other = testDaemon(join(dir.path, 'without'), { config: settings(true, plain.host) });
  expect(await other.call('image.pull', { reference: `${plain.host}/some/thing:v1` })).toMatchObject({
    digest: image.digest,
  });
});
