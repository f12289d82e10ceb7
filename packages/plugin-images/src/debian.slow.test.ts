import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { findProgram } from './processes/environment.ts';
import { tempDir } from './testing/temp-dir.ts';
import { patient, testDaemon } from './testing/test-daemon.ts';

test('debian-12 is a whole Debian without keys and names of its own', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(dir.path);
  const { path, size_bytes } = await daemon.images.ensure('debian-12', patient());
  const show = (command: string) =>
    spawnSync(findProgram('debugfs') ?? '', ['-R', command, path], { encoding: 'utf8' });
  expect(size_bytes).toBe(10 * 2 ** 30);
  expect(show('cat /usr/lib/os-release').stdout).toContain('VERSION_CODENAME=bookworm');
  for (const program of ['curl', 'git', 'less', 'ps', 'ip']) {
    expect(show(`stat /usr/bin/${program}`).stdout, program).toMatch(/Inode: /);
  }
  expect(show('stat /usr/sbin/sshd').stdout).toMatch(/Mode: {2}0755[\s\S]*User: +0/);
  expect(show('ls /etc/ssh').stdout).not.toContain('ssh_host');
  expect(show('ls /etc').stdout).not.toMatch(/resolv\.conf|hostname/);
  expect(show('stat /usr/bin/su').stdout).toMatch(/Mode: {2}04755/);
  expect(show('cat /etc/apt/sources.list').stdout).toMatch(/^deb http\S+ bookworm main$/m);
  expect(show('ls /var/lib/apt/lists').stdout).not.toContain('Packages');
});

test('what was asked for of a release is in the image, and what was not is not', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(dir.path, { config: { size: '2GiB' } });
  const reference = 'debian:bookworm?variant=apt&packages=hello';
  const image = await daemon.images.ensure(reference, patient());
  expect(image).toMatchObject({ name: 'debian-bookworm-variant-apt-packages-hello' });
  expect(image.source).toBe('debian bookworm, variant apt, packages hello');
  const stat = (path: string) =>
    spawnSync(findProgram('debugfs') ?? '', ['-R', `stat ${path}`, image.path], { encoding: 'utf8' }).stdout;
  expect(stat('/usr/bin/hello')).toMatch(/Inode: /);
  expect(stat('/usr/bin/apt-get')).toMatch(/Inode: /);
  expect(stat('/usr/bin/curl')).not.toMatch(/Inode: /);
});
