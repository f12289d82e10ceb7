import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeCpio } from '../packages/guest/src/cpio.ts';
import { Home } from './harness/home.ts';

interface Kernel {
  readonly digest: string;
  readonly release: string;
  readonly vmlinux: string;
  readonly modules: string;
}

const FIRMWARE_BYTES = 5 * 2 ** 20;

let home: Home;
let directory: string;
let debian: Kernel;
const name = `imported-${randomBytes(4).toString('hex')}`;

beforeAll(async () => {
  home = await Home.create();
  directory = await mkdtemp(join(tmpdir(), 'nook-kernels-'));
  debian = await home.json<Kernel>('kernel', 'pull', 'debian-cloud');
}, 120_000);
afterAll(async () => {
  // The store is kept between runs.
  await home.ok('kernel', 'rm', name);
  await home[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const SHAPE = ['--image', 'busybox', '--memory', '192M'];

it('a kernel of a file boots with its modules, and its own initrd does not stand in the way', async () => {
  const initrd = join(directory, 'initrd');
  const archive = [
    { path: 'init', mode: 0o100755, content: Buffer.from('no init of ours') },
    { path: 'firmware', mode: 0o100644, content: randomBytes(FIRMWARE_BYTES) },
  ];
  await writeFile(initrd, writeCpio(archive));
  const modules = ['--modules', debian.modules, '--initrd', initrd];
  const kernel = await home.json<Kernel>('kernel', 'import', debian.vmlinux, '--name', name, ...modules);
  expect(kernel.release).toBe(debian.release);
  expect(kernel.digest).not.toBe(debian.digest);

  await home.ok('vm', 'run', '-d', '--name', 'box', ...SHAPE, '--kernel', name);
  const vm = await home.json<{ kernel: string; kernel_digest: string }>('vm', 'show', 'box');
  expect(vm).toMatchObject({ kernel: name, kernel_digest: kernel.digest });
  const said = await home.ok('vm', 'exec', 'box', '--', 'sh', '-c', 'uname -r; dmesg');
  expect(said.split('\n')[0]).toBe(debian.release);
  const freed = /Freeing initrd memory: (\d+)K/.exec(said)?.[1];
  expect(Number(freed) * 1024).toBeGreaterThan(FIRMWARE_BYTES);

  const used = await home.nook(['kernel', 'rm', name]);
  expect(used).toMatchObject({ code: 1, stderr: expect.stringContaining(`Kernel '${name}' is used by VM box.`) });
  await home.ok('vm', 'rm', '--force', 'box');
}, 180_000);

it('a kernel without what VMs need, and one that is not there, are told before anything is made', async () => {
  const bare = await home.nook(['kernel', 'import', debian.vmlinux, '--name', `${name}-bare`]);
  expect(bare.code).toBe(1);
  expect(bare.stderr).toMatch(
    /cannot boot VMs: it lacks virtio_pci or virtio_mmio, virtio_blk, virtio_console, virtio_net\./,
  );
  expect(bare.stderr).toContain(`--modules …/lib/modules/${debian.release}`);
  const unknown = await home.nook(['vm', 'create', ...SHAPE, '--kernel', 'none-such']);
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining("There is no kernel 'none-such'.") });
  expect(await home.json('vm', 'list')).toEqual([]);
}, 60_000);
