import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { KernelInfo, KernelRow } from '../contract.ts';
import { bareVmlinux, modulesFolder, RELEASE, vmlinux } from '../testing/kernel-file.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { type TestDaemon, testDaemon } from '../testing/test-daemon.ts';

const NEEDED = ['virtio_pci', 'virtio_blk', 'virtio_console', 'virtio_net', 'ext4'];

async function withKernel(image: Buffer, check: (daemon: TestDaemon, path: string, dir: string) => Promise<void>) {
  await using dir = await tempDir();
  await using daemon = testDaemon(join(dir.path, 'home'));
  await mkdir(join(dir.path, 'files'));
  const path = join(dir.path, 'files/bzImage-mine');
  await writeFile(path, image);
  await check(daemon, path, join(dir.path, 'files'));
  expect(await readdir(join(daemon.store, 'building')).catch(() => [])).toEqual([]);
}

const imported = (daemon: TestDaemon, params: object) => daemon.call('kernel.import', params) as Promise<KernelInfo>;

test('a kernel that has all built in is stored under the name of its file', async () => {
  await withKernel(vmlinux(), async (daemon, path) => {
    const kernel = await imported(daemon, { path });
    const digest = `sha256:${createHash('sha256').update(vmlinux()).digest('hex')}`;
    expect(kernel).toMatchObject({ name: 'bzimage-mine', digest, release: RELEASE, version: '#1 SMP Tue' });
    expect(kernel).toMatchObject({ source: 'import bzImage-mine', initrd: null });
    expect((await readFile(kernel.vmlinux)).equals(vmlinux())).toBe(true);
    expect(await readFile(join(kernel.modules, 'modules.builtin'), 'utf8')).toContain('kernel/virtio_blk.ko\n');
    expect(daemon.kernels.get('bzimage-mine')).toEqual(kernel);
    const again = { code: 'already_exists', hint: expect.stringContaining('--name') };
    await expect(imported(daemon, { path })).rejects.toMatchObject(again);
    expect(await daemon.call('kernel.rm', { reference: 'bzimage-mine' })).toMatchObject({ deleted: true });
  });
});

test('one with modules is another one, and takes what belongs to it alone', async () => {
  await withKernel(bareVmlinux(), async (daemon, path, dir) => {
    const lacks = /lacks virtio_pci or virtio_mmio, virtio_blk, ext4, virtio_console, virtio_net\.$/;
    const hint = `They are not built in: bring its modules along with --modules …/lib/modules/${RELEASE}`;
    await expect(imported(daemon, { path })).rejects.toMatchObject({
      ...{ code: 'bad_request', message: expect.stringMatching(lacks), hint },
    });
    const modules = await modulesFolder(dir, NEEDED);
    await symlink('/etc', join(modules, 'build'));
    await symlink('/etc/passwd', join(modules, 'kernel/drivers/secret.ko'));
    await writeFile(join(modules, 'kernel/notes.txt'), 'x');
    await writeFile(join(modules, 'modules.order'), 'x');
    const kernel = await imported(daemon, { path, modules, name: 'whole' });
    expect((await readdir(kernel.modules, { recursive: true })).sort()).toEqual(
      [
        ...['kernel', 'kernel/drivers', 'modules.builtin', 'modules.order'],
        ...NEEDED.map((name) => `kernel/drivers/${name}.ko`),
      ].sort(),
    );
    expect(kernel.digest).not.toContain(createHash('sha256').update(bareVmlinux()).digest('hex'));
    for (const folder of [dir, join(dir, 'lib/modules')]) {
      const same = await imported(daemon, { path, modules: folder, name: `of-${folder.length}` });
      expect(same.digest).toBe(kernel.digest);
    }
  });
});

test('modules that are missing, of another kernel, or not there, are told', async () => {
  await withKernel(bareVmlinux(), async (daemon, path, dir) => {
    const modules = await modulesFolder(dir, NEEDED.slice(0, -1));
    await expect(imported(daemon, { path, modules })).rejects.toMatchObject({
      ...{ code: 'bad_request', message: `The kernel ${RELEASE} cannot boot VMs: it lacks ext4.` },
    });
    await mkdir(join(dir, 'other'));
    const stranger = await modulesFolder(join(dir, 'other'), NEEDED, '5.10.0-other');
    await expect(imported(daemon, { path, modules: stranger })).rejects.toMatchObject({
      ...{ code: 'bad_request', message: expect.stringContaining('are of kernel 5.10.0-other') },
    });
    await expect(imported(daemon, { path, modules: '/var' })).rejects.toMatchObject({
      ...{ code: 'bad_request', message: `There are no modules of kernel ${RELEASE} in /var.` },
    });
  });
});

test('its initrd is kept with it', async () => {
  await withKernel(vmlinux(), async (daemon, path, dir) => {
    const initrd = join(dir, 'initrd.img');
    await writeFile(initrd, 'firmware');
    const kernel = await imported(daemon, { path, initrd });
    expect(await readFile(kernel.initrd ?? '', 'utf8')).toBe('firmware');
    expect((await stat(kernel.initrd ?? '')).mode & 0o777).toBe(0o444);
    const plain = await imported(daemon, { path, name: 'plain' });
    expect(plain).toMatchObject({ initrd: null });
    expect(plain.digest).not.toBe(kernel.digest);
  });
});

test.each([
  ['no file', { path: '/nonexistent/bzImage' }, 'not_found'],
  ['a folder', { path: '/etc' }, 'bad_request'],
  ['a device that never ends', { path: '/dev/zero' }, 'bad_request'],
  ['a text', { path: '/etc/passwd' }, 'bad_request'],
  ['a relative path', { path: 'bzImage', name: 'x' }, 'bad_params'],
  ['a name that is none', { path: '/etc/passwd', name: '../x' }, 'bad_params'],
  ['a name of the catalog', { path: '/etc/passwd', name: 'debian' }, 'already_exists'],
  ['an initrd that is not there', { path: '/etc/passwd', initrd: '/nonexistent' }, 'not_found'],
])('the import of %s is refused', async (_what, params, code) => {
  await withKernel(vmlinux(), async (daemon) => {
    await expect(imported(daemon, params)).rejects.toMatchObject({ code });
    expect(await daemon.call('kernel.list', {})).toHaveLength(2);
  });
});

test('the list can be of the catalog alone', async () => {
  await withKernel(vmlinux(), async (daemon, path) => {
    await imported(daemon, { path, name: 'mine' });
    const names = async (params: object) =>
      ((await daemon.call('kernel.list', params)) as KernelRow[]).map(({ name, state }) => `${name} ${state}`);
    expect(await names({})).toEqual(['mine ready', 'debian-cloud available', 'debian available']);
    expect(await names({ available: true })).toEqual(['debian-cloud available', 'debian available']);
  });
});
