import { spawnSync } from 'node:child_process';
import { chmod, link, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ImageInfo } from '../contract.ts';
import { findProgram } from '../processes/environment.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';

const config = { size: '32MiB' };

function debugfs(disk: string, command: string): string {
  return spawnSync(findProgram('debugfs') ?? '', ['-R', command, disk], { encoding: 'latin1' }).stdout;
}

test('a folder becomes an image with its modes, links and times, and is read anew each time', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(join(dir.path, 'home'), { config });
  const root = join(dir.path, 'root');
  await mkdir(join(root, 'bin'), { recursive: true });
  await writeFile(join(root, 'bin/tool'), 'one');
  await chmod(join(root, 'bin/tool'), 0o4755);
  await link(join(root, 'bin/tool'), join(root, 'bin/same'));
  await symlink('/etc/passwd', join(root, 'soft'));
  await utimes(join(root, 'bin/tool'), 1_600_000_000, 1_600_000_000);
  const first = (await daemon.call('image.import', { name: 'first', path: root })) as ImageInfo;
  const { uid = 0, gid = 0 } = { uid: process.getuid?.(), gid: process.getgid?.() };
  const inode = debugfs(first.path, 'stat /bin/tool');
  expect(inode).toMatch(new RegExp(`Mode: +04755[\\s\\S]*User: +${uid} +Group: +${gid}[\\s\\S]*Links: 2`));
  expect(inode).toMatch(/mtime: 0x5f5e1000/);
  expect(debugfs(first.path, 'cat /bin/same')).toBe('one');
  expect(debugfs(first.path, 'stat /soft')).toMatch(/Fast link dest: "\/etc\/passwd"/);
  await writeFile(join(root, 'bin/tool'), 'two');
  await utimes(join(root, 'bin/tool'), 1_600_000_000, 1_600_000_000);
  const second = (await daemon.call('image.import', { name: 'second', path: root })) as ImageInfo;
  expect(debugfs(second.path, 'cat /bin/tool')).toBe('two');
});

test('a folder that holds the store is refused, and nothing is left', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(join(dir.path, 'home'), { config });
  const refused = { code: 'bad_request', message: expect.stringContaining("nook's own store") };
  await expect(daemon.call('image.import', { name: 'mine', path: dir.path })).rejects.toMatchObject(refused);
  expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
});
