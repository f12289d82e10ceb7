import { spawnSync } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { buildTar, type TarPart } from '@nook/testkit';
import { expect, test } from 'vitest';
import type { ImageInfo } from '../contract.ts';
import { findProgram } from '../processes/environment.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';

const config = { size: '32MiB' };
const CAPABILITY = Buffer.from('0100000280000000000000000000000000000000', 'hex');

function debugfs(disk: string, command: string): string {
  return spawnSync(findProgram('debugfs') ?? '', ['-R', command, disk], { encoding: 'latin1' }).stdout;
}

async function importTar(parts: readonly TarPart[], check: (disk: string, image: ImageInfo) => void | Promise<void>) {
  await using dir = await tempDir();
  await using daemon = testDaemon(dir.path, { config });
  const path = join(dir.path, 'root.tar');
  await writeFile(path, buildTar(parts));
  const image = (await daemon.call('image.import', { name: 'mine', path })) as ImageInfo;
  await check(image.path, image);
}

test('owners, modes, devices, links and capabilities are in the image as they were in the archive', async () => {
  await importTar(
    [
      { name: './', type: '5', mode: 0o711, uid: 3 },
      { name: './secret', content: 'hidden', mode: 0, uid: 1000, gid: 4_000_000 },
      { name: './su', content: 'su', mode: 0o4755 },
      { name: './dev/null', type: '3', device: [1, 3], mode: 0o666 },
      { name: './hard', type: '1', link: './secret' },
      { name: './soft', type: '2', link: '/etc/passwd', gid: 7 },
      { name: './pipe', type: '6', mode: 0o600 },
      { name: './ping', content: 'p', mode: 0o755, pax: { 'SCHILY.xattr.security.capability': CAPABILITY } },
    ],
    (disk) => {
      expect(debugfs(disk, 'stat /secret')).toMatch(/Mode: {2}0000[\s\S]*User: +1000 +Group: +4000000[\s\S]*Links: 2/);
      expect(debugfs(disk, 'cat /hard')).toBe('hidden');
      expect(debugfs(disk, 'stat /su')).toMatch(/Mode: {2}04755/);
      expect(debugfs(disk, 'stat /dev/null')).toMatch(/Type: character special[\s\S]*number: 01:03/);
      expect(debugfs(disk, 'stat /soft')).toMatch(
        /Type: symlink[\s\S]*Group: +7[\s\S]*Fast link dest: "\/etc\/passwd"/,
      );
      expect(debugfs(disk, 'stat /pipe')).toMatch(/Type: FIFO {4}Mode: {2}0600/);
      expect(debugfs(disk, 'ea_get -x /ping security.capability').replace(/[^0-9a-f]/g, '')).toContain(
        CAPABILITY.toString('hex'),
      );
      expect(debugfs(disk, 'stat /tmp')).toMatch(/Type: directory {4}Mode: {2}01777/);
      expect(debugfs(disk, 'ls -l /')).toMatch(/^ +2 +40711 \(2\) +3 +0 +\d+ .* \.$/m);
    },
  );
});

test('names are bytes: odd ones survive in plain and in extended headers', async () => {
  const odd = Buffer.from([0x6e, 0xff, 0xfe, 0x20, 0x22, 0x0a, 0x78]);
  await importTar(
    [
      { name: odd, content: 'one' },
      { name: 'x', content: 'two', pax: { path: Buffer.concat([Buffer.from('d/'), odd]) } },
    ],
    (disk) => {
      expect(debugfs(disk, 'ls -p /')).toContain(odd.toString('latin1'));
      expect(debugfs(disk, 'ls -p /d')).toContain(odd.toString('latin1'));
    },
  );
});

test('of two entries with one name the later counts, and other links keep the earlier content', async () => {
  await importTar(
    [
      { name: 'a', content: 'old' },
      { name: 'b', type: '1', link: 'a' },
      { name: 'a', content: 'new' },
    ],
    (disk) => {
      expect(debugfs(disk, 'cat /a')).toBe('new');
      expect(debugfs(disk, 'cat /b')).toBe('old');
    },
  );
});

test('the disk is sparse, read-only by mode and has the configured size', async () => {
  await importTar([{ name: 'a', content: 'x' }], async (disk, image) => {
    const stats = await stat(disk);
    expect(stats.size).toBe(32 * 2 ** 20);
    expect(image.size_bytes).toBe(stats.size);
    expect(stats.blocks * 512).toBeLessThan(8 * 2 ** 20);
    expect(stats.mode & 0o777).toBe(0o400);
  });
});

test('equal content is one image, whatever its compression', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(dir.path, { config });
  const tar = buildTar([{ name: 'bin/sh', content: 'x'.repeat(5000) }]);
  const forms = {
    plain: tar,
    gzip: gzipSync(tar),
    zstd: zstdCompressSync(tar),
    xz: spawnSync('xz', ['-c'], { input: tar }).stdout,
  };
  const digests = new Set<string>();
  for (const [name, bytes] of Object.entries(forms)) {
    const path = join(dir.path, name);
    await writeFile(path, bytes);
    digests.add(((await daemon.call('image.import', { name, path })) as ImageInfo).digest);
  }
  expect(digests.size).toBe(1);
});
