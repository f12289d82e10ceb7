import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { buildTar } from '@nook/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ImageInfo } from '../contract.ts';
import { selfSigned } from '../testing/certificate.ts';
import { layoutFiles } from '../testing/image-files.ts';
import { startRegistry } from '../testing/registry.ts';
import { scriptedRegistry } from '../testing/scripted-registry.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';
import { startTokenServer } from '../testing/token-server.ts';
import { layoutOf } from '../testing/umoci.ts';

const BASIC = Buffer.from('user:secret-word').toString('base64');
const LAYERS = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => buildTar([{ name, content: name }]));
const files = layoutFiles(LAYERS);

let dir: Awaited<ReturnType<typeof tempDir>>;

beforeEach(async () => {
  dir = await tempDir();
  process.env.DOCKER_CONFIG = dir.path;
});
afterEach(async () => {
  delete process.env.DOCKER_CONFIG;
  await dir[Symbol.asyncDispose]();
});

async function logIn(host: string, auth: object): Promise<void> {
  await writeFile(join(dir.path, 'config.json'), JSON.stringify({ auths: { [host]: auth } }));
}

async function pull(home: string, host: string): Promise<ImageInfo> {
  await using daemon = testDaemon(join(dir.path, home), { config: { size: '64MiB' } });
  return (await daemon.call('image.pull', { reference: `${host}/some/thing:v1` })) as ImageInfo;
}

function demand(to: ServerResponse, host: string): true {
  const challenge = `Bearer realm="http://${host}/token",service="it",scope="repository:some/thing:pull"`;
  to.writeHead(401, { 'www-authenticate': challenge }).end();
  return true;
}

test('a registry that wants tokens is read with those that its server gives for the password', {
  timeout: 60_000,
}, async () => {
  const pair = selfSigned(dir.path);
  await using tokens = await startTokenServer(pair, BASIC);
  await using registry = await startRegistry(dir.path, {
    token: { realm: tokens.realm, service: 'it', issuer: 'nook-test', rootcertbundle: pair.certificate },
  });
  const layout = await layoutOf(dir.path, LAYERS.slice(0, 2));
  const to = ['--dest-tls-verify=false', '--dest-creds', 'user:secret-word', `oci:${layout}`];
  // It asks the server of tokens, which is in this process.
  await promisify(execFile)('skopeo', ['copy', '-q', ...to, `docker://${registry.host}/some/thing:v1`]);
  await expect(pull('anonymous', registry.host)).rejects.toMatchObject({ code: 'unauthorized' });
  await logIn(registry.host, { auth: Buffer.from('user:wrong').toString('base64') });
  await expect(pull('wrong', registry.host)).rejects.toMatchObject({ code: 'unauthorized' });
  await logIn(registry.host, { auth: BASIC });
  const before = tokens.asked.length;
  await pull('right', registry.host);
  expect(new Set(tokens.asked.slice(before))).toEqual(new Set(['200 repository:some/thing:pull']));
});

test('a token that has expired is renewed, in the middle of a pull too', async () => {
  let given = 0;
  const left = new Map<string, number>();
  await using registry = await scriptedRegistry(files, (from, to, { host }) => {
    if (from.url?.startsWith('/token') && from.headers.authorization === `Basic ${BASIC}`) {
      left.set(`Bearer t${++given}`, 2);
      to.end(JSON.stringify({ token: `t${given}` }));
      return true;
    }
    const { authorization = '' } = from.headers;
    const uses = left.get(authorization) ?? 0;
    left.set(authorization, uses - 1);
    return uses > 0 ? false : demand(to, host);
  });
  await logIn(registry.host, { auth: BASIC });
  expect((await pull('expired', registry.host)).config.env).toContain('REF=v1');
  // Manifest, configuration and six layers, two for each.
  expect(given).toBeGreaterThanOrEqual(4);
});

test('an identity token is exchanged for one of the registry', async () => {
  const forms: string[] = [];
  const exchange = async (from: IncomingMessage, to: ServerResponse) => {
    forms.push(await text(from));
    to.end('{"access_token":"given"}');
  };
  await using registry = await scriptedRegistry(files, (from, to, { host }) => {
    if (from.method === 'POST' && from.url === '/token') void exchange(from, to);
    else if (from.headers.authorization === 'Bearer given') return false;
    else demand(to, host);
    return true;
  });
  await logIn(registry.host, { auth: Buffer.from('<token>:').toString('base64'), identitytoken: 'its identity' });
  await pull('identity', registry.host);
  const fields = Object.fromEntries(new URLSearchParams(forms[0]));
  expect(fields).toMatchObject({
    ...{ grant_type: 'refresh_token', service: 'it', scope: 'repository:some/thing:pull' },
    refresh_token: 'its identity',
  });
});

test.each(['manifest', 'configuration'])('a %s with another content than its digest says is refused', async (what) => {
  const [{ digest }] = JSON.parse(String(files['index.json'])).manifests;
  const { config } = JSON.parse(String(files[`blobs/sha256/${digest.slice('sha256:'.length)}`]));
  const lie = what === 'manifest' ? digest : config.digest;
  await using registry = await scriptedRegistry(files, (from, to) => {
    if (!from.url?.endsWith(lie)) return false;
    const truth = String(files[`blobs/sha256/${lie.slice('sha256:'.length)}`]);
    to.end(truth.replace(/REF=v1|"schemaVersion":2/, (found) => `${found} `.replace('v1 ', 'v9')));
    return true;
  });
  const home = join(dir.path, 'home');
  await mkdir(home);
  await using daemon = testDaemon(home, { config: { size: '64MiB' } });
  const reference = `${registry.host}/some/thing@${digest}`;
  await expect(daemon.call('image.pull', { reference })).rejects.toMatchObject({
    code: 'operation_failed',
    message: expect.stringContaining(`another content than ${lie}`),
  });
  expect(daemon.images.get(reference)).toBeUndefined();
});
