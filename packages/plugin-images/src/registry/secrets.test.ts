import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTar } from '@nook/testkit';
import { afterEach, expect, test } from 'vitest';
import { inPublic } from '../apt/host-sources.ts';
import { configSchema } from '../config.ts';
import { layoutFiles } from '../testing/image-files.ts';
import { scriptedRegistry } from '../testing/scripted-registry.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { patient, testDaemon } from '../testing/test-daemon.ts';
import { run } from '../testing/umoci.ts';
import { withoutUserinfo } from '../userinfo.ts';

const PASSWORD = 'secret-word';
const AUTH = Buffer.from(`user:${PASSWORD}`).toString('base64');
const URL_WITH = `https://user:${PASSWORD}@archive.invalid/debian`;

afterEach(() => {
  delete process.env.DOCKER_CONFIG;
});

/** What everybody can read of all processes. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'latin1')];
      } catch {
        return [];
      }
    });
}

test('while layers come with a password, no argument has it, nor afterwards a file', async () => {
  await using dir = await tempDir();
  const seen: string[] = [];
  await using registry = await scriptedRegistry(
    layoutFiles([buildTar([{ name: 'bin/sh', content: 'sh' }])]),
    (from, to) => {
      if (from.headers.authorization === `Basic ${AUTH}`) {
        if (from.url?.includes('/blobs/')) seen.push(...commandLines());
        return false;
      }
      to.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return true;
    },
  );
  process.env.DOCKER_CONFIG = dir.path;
  await writeFile(join(dir.path, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth: AUTH } } }));
  await using daemon = testDaemon(join(dir.path, 'home'), { config: { size: '64MiB' } });
  await daemon.call('image.pull', { reference: `${registry.host}/some/thing:v1` });
  expect(seen.some((line) => line.includes('worker'))).toBe(true);
  const secret = new RegExp(`${PASSWORD}|${AUTH}`);
  expect(seen.filter((line) => secret.test(line))).toEqual([]);
  expect(run('sh', '-c', `grep -rlaE '${PASSWORD}|${AUTH}' '${daemon.store}' || true`)).toBe('');
});

test.each<[string, object]>([
  ['[images] mirror', { mirror: URL_WITH }],
  ['[images.ubuntu] mirror', { ubuntu: { mirror: URL_WITH } }],
  ['a mirror of a registry', { registries: { 'docker.io': { mirrors: [URL_WITH] } } }],
])('%s with a user and password is refused, and not repeated', (_what, config) => {
  const { error } = configSchema.safeParse(config);
  expect(error?.message).toMatch(/without a user name and password.*docker.*auth\.conf/);
  expect(error?.message).not.toContain(PASSWORD);
});

test.each(['image.pull', 'kernel.pull', 'image.show'])(
  '%s repeats no password of a URL that it does not take',
  async (method) => {
    await using dir = await tempDir();
    await using daemon = testDaemon(dir.path);
    const references = [
      URL_WITH,
      `registry:${URL_WITH}`,
      `debian:bookworm?mirror=${URL_WITH}`,
      `debian:${URL_WITH}`,
      `url:${URL_WITH}`,
    ];
    for (const reference of references) {
      const error = await daemon.call(method, { reference }).catch((thrown: Error) => thrown);
      expect(error, reference).toMatchObject({ name: 'NookError' });
      expect(JSON.stringify([(error as Error).message, error]), reference).not.toContain(PASSWORD);
    }
  },
);

test('a proxy with a password is for the environment of what makes images, not for its arguments', () => {
  const open = ['Acquire::Retries "3";', 'Acquire::http::Proxy "http://proxy.invalid:3128";'];
  const closed = [
    `Acquire::https::Proxy "http://user:${PASSWORD}@proxy.invalid";`,
    `Acquire::http::Proxy::a.invalid "${URL_WITH}";`,
  ];
  expect(inPublic([...open, ...closed])).toEqual({
    settings: open,
    env: { https_proxy: `http://user:${PASSWORD}@proxy.invalid` },
  });
});

test('a source of the host with a password becomes one without, in arguments and in the image', async () => {
  await using dir = await tempDir();
  const bin = join(dir.path, 'bin');
  run('mkdir', bin);
  const sources = join(dir.path, 'sources.list');
  await writeFile(sources, `deb http://user:${PASSWORD}@127.0.0.1:9/debian bookworm main\n`);
  const options = `-o Dir::Etc::SourceList=${sources} -o Dir::Etc::SourceParts=/dev/null`;
  await writeFile(
    join(bin, 'apt-get'),
    `#!/bin/sh\n[ "$1" = indextargets ] || exec /usr/bin/apt-get "$@"\nexec /usr/bin/apt-get ${options} "$@"\n`,
    { mode: 0o755 },
  );
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  try {
    await using daemon = testDaemon(join(dir.path, 'home'));
    const error = await daemon.images.ensure('busybox', patient()).catch((thrown: Error) => thrown);
    expect((error as Error).message).toContain('127.0.0.1:9');
    expect((error as Error).message).not.toContain(PASSWORD);
    expect(
      run('cat', ...run('find', dir.path, '-name', 'sources.list', '-path', '*/cache/*').trim().split('\n')).trim(),
    ).toMatch(/^deb \S*\s?http:\/\/127\.0\.0\.1:9\/debian bookworm main$/);
  } finally {
    process.env.PATH = path;
  }
});

test('what a URL has before its host goes, and nothing else', () => {
  expect(withoutUserinfo(`a ${URL_WITH} b http://u@h 'http://h/@x' x@y`)).toBe(
    "a https://archive.invalid/debian b http://h 'http://h/@x' x@y",
  );
});
