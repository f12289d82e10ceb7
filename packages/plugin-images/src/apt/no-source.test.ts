import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { tempDir } from '../testing/temp-dir.ts';
import { patient, testDaemon } from '../testing/test-daemon.ts';

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

test('a host whose apt knows no Debian archive is told what to set', async () => {
  await using dir = await tempDir();
  const bin = join(dir.path, 'bin');
  await mkdir(bin);
  // The host's own apt, with sources as on another system.
  const sources = join(dir.path, 'sources.list');
  await writeFile(sources, 'deb http://other.invalid/ubuntu noble main\n');
  const options = `-o Dir::Etc::SourceList=${sources} -o Dir::Etc::SourceParts=/dev/null`;
  await writeFile(join(bin, 'apt-get'), `#!/bin/sh\nexec /usr/bin/apt-get ${options} "$@"\n`, { mode: 0o755 });
  process.env.PATH = `${bin}:${path}`;
  await using daemon = testDaemon(dir.path);
  await expect(daemon.kernels.ensure(undefined, patient())).rejects.toMatchObject({
    code: 'unavailable',
    hint: expect.stringContaining('[images] mirror'),
  });
});

test('a mirror in config that does not answer is an error that says so', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(dir.path, { config: { mirror: 'http://127.0.0.1:9/debian' } });
  await expect(daemon.images.ensure('busybox', patient())).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/127\.0\.0\.1:9/),
  });
});

test('nor does one of Ubuntu, which has settings of its own', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(dir.path, { config: { ubuntu: { mirror: 'http://127.0.0.1:9/ubuntu' } } });
  await expect(daemon.images.ensure('ubuntu:noble', patient())).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/no Ubuntu archive.*127\.0\.0\.1:9/),
    hint: expect.stringContaining('[images.ubuntu] mirror'),
  });
});
