import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VmDriver } from '@nook/daemonapi';
import { afterAll, describe, expect, it } from 'vitest';
import { checkMounts, requireMounts } from './mounts.ts';

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'nook-mounts-')));
afterAll(() => rmSync(dir, { recursive: true }));

const mount = (target: string, source = dir) => checkMounts([{ source, target }]);

describe('a mount', () => {
  it('names a folder of the host by its real path, writable unless it is said otherwise', () => {
    symlinkSync(dir, join(dir, 'link'));
    expect(mount('/work', join(dir, 'link'))).toEqual([{ source: dir, target: '/work', read_only: false }]);
    expect(checkMounts([{ source: dir, target: '/a b/ü', read_only: true }])).toMatchObject([{ read_only: true }]);
  });

  it.each(['', 'work', '/', '/work/', '/a//b', '/a/../b', '/a/.', '/proc', '/sys/x', '/dev/shm', '/run', '/a\nb'])(
    'cannot be on %j in the guest',
    (target) => expect(() => mount(target)).toThrow('Nothing can be mounted on'),
  );

  it('cannot be on a path longer than the agent takes, of a file, of nothing, or of a relative path', () => {
    expect(() => mount(`/${'x'.repeat(255)}`)).toThrow('Nothing can be mounted on');
    writeFileSync(join(dir, 'file'), '');
    expect(() => mount('/work', join(dir, 'file'))).toThrow('is not a folder');
    expect(() => mount('/work', join(dir, 'absent'))).toThrow('cannot be mounted: ENOENT');
    expect(() => mount('/work', 'here')).toThrow('is not an absolute path');
  });

  it('shares its place with no other, and there are 16 at most', () => {
    const twice = [dir, dir].map((source) => ({ source, target: '/work' }));
    expect(() => checkMounts(twice)).toThrow('Two folders cannot both be mounted on /work.');
    const many = Array.from({ length: 17 }, (_, index) => ({ source: dir, target: `/w${index}` }));
    expect(checkMounts(many.slice(1))).toHaveLength(16);
    expect(() => checkMounts(many)).toThrow('at most 16');
  });
});

describe('what mounts need', () => {
  const driver = { name: 'tiny', capabilities: ['mount_9p'] } as unknown as VmDriver;
  const kernel = (name: string, files: readonly string[], builtIn = '') => {
    const modules = join(dir, name);
    mkdirSync(join(modules, 'kernel'), { recursive: true });
    for (const file of files) writeFileSync(join(modules, 'kernel', file), '');
    writeFileSync(join(modules, 'modules.builtin'), builtIn);
    return { release: '6.1.0-test', modules };
  };

  it('is there as modules, packed or not, or built in', async () => {
    await requireMounts(driver, kernel('modules', ['9p.ko', '9pnet_virtio.ko.xz']));
    await requireMounts(driver, kernel('built-in', ['9p.ko'], 'kernel/net/9p/9pnet_virtio.ko\n'));
  });

  it('is missing from a kernel, which is said with the ways around it', async () => {
    await expect(requireMounts(driver, kernel('none', ['9p.ko']))).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The kernel 6.1.0-test cannot mount folders of the host: it has no 9p (9pnet_virtio).',
      hint: expect.stringMatching(/nook vm cp.*--kernel debian/),
    });
  });

  it('is not declared by a driver, which is said by its name', async () => {
    const other = { ...driver, capabilities: [] };
    await expect(requireMounts(other, kernel('unused', []))).rejects.toMatchObject({
      code: 'unavailable',
      message: "Driver 'tiny' cannot mount folders of the host in a VM.",
    });
  });
});
