import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeCpio } from './cpio.ts';
import { GUEST_MODULES, guestModules, OPTIONAL_MODULES } from './guest-modules.ts';
import { buildInitramfs } from './initramfs.ts';
import { readModuleInfo } from './modinfo.ts';
import { moduleObject } from './module-object.fixture.ts';

let dir: string;
let modulesDir: string;
let output: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nook-initramfs-'));
  modulesDir = join(dir, 'modules');
  output = join(dir, 'initramfs');
  mkdirSync(join(modulesDir, 'kernel/drivers/virtio'), { recursive: true });
  writeFileSync(join(dir, 'init'), 'the init');
});

afterEach(() => rmSync(dir, { recursive: true }));

const put = (file: string, bytes: Buffer) => writeFileSync(join(modulesDir, 'kernel/drivers/virtio', file), bytes);
const build = (modules: readonly string[]) => buildInitramfs({ init: join(dir, 'init'), modulesDir, modules, output });

/** The archive as another implementation reads it. */
function unpack(): (path: string) => string {
  const target = join(dir, 'unpacked');
  mkdirSync(target);
  execFileSync('busybox', ['cpio', '-i', '-d'], {
    cwd: target,
    input: readFileSync(output),
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return (path) => readFileSync(join(target, path), 'utf8');
}

function list(): string[] {
  const text = execFileSync('busybox', ['cpio', '-t'], {
    input: readFileSync(output),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return text.toString().trim().split('\n');
}

describe('buildInitramfs', () => {
  test('puts dependencies before what needs them, each once', async () => {
    put('virtio_net.ko', moduleObject(['net-failover', 'virtio']));
    put('net_failover.ko', moduleObject(['failover']));
    put('failover.ko', moduleObject([]));
    put('virtio.ko', moduleObject([]));
    put('unwanted.ko', moduleObject([]));
    await build(['virtio', 'virtio-net']);
    const names = ['virtio', 'failover', 'net_failover', 'virtio_net'];
    const files = names.map((name) => `modules/${name}.ko`);
    expect(list()).toEqual(['dev', 'dev/console', 'init', 'modules', 'modules/order', ...files]);
    expect(readFileSync(output).toString('latin1')).toContain(`${names.map((name) => `${name}.ko`).join('\n')}\n`);
  });

  test('is read by cpio as it was written', async () => {
    const object = moduleObject([]);
    put('virtio.ko', object);
    await build(['virtio']);
    // A device node needs root; everything before it in the archive is plain.
    if (process.getuid?.() !== 0) return expect(list()).toContain('modules/virtio.ko');
    const read = unpack();
    expect(read('init')).toBe('the init');
    expect(read('modules/order')).toBe('virtio.ko\n');
    expect(read('modules/virtio.ko')).toBe(object.toString('utf8'));
    const { mode, rdev } = statSync(join(dir, 'unpacked/dev/console'));
    expect({ mode: mode & 0o170000, rdev }).toEqual({ mode: 0o020000, rdev: 5 * 256 + 1 });
    expect(statSync(join(dir, 'unpacked/init')).mode & 0o777).toBe(0o755);
  });

  test('gives the same bytes again, mode 0600, and leaves no other file', async () => {
    put('virtio.ko', moduleObject([]));
    await build(['virtio']);
    const first = readFileSync(output);
    await build(['virtio']);
    expect(readFileSync(output).equals(first)).toBe(true);
    expect(statSync(output).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir).sort()).toEqual(['init', 'initramfs', 'modules']);
  });

  test('skips what is built in and unpacks gzip, zstd and xz', async () => {
    writeFileSync(
      join(modulesDir, 'modules.builtin'),
      'kernel/fs/ext4/ext4.ko\nkernel/drivers/virtio/virtio-ring.ko\n',
    );
    put('a.ko.gz', gzipSync(moduleObject(['virtio_ring'])));
    put('b.ko.zst', zstdCompressSync(moduleObject(['a'])));
    put('c.ko.xz', execFileSync('xz', ['-c'], { input: moduleObject(['b']) }));
    await build(['ext4', 'c']);
    expect(list().slice(5)).toEqual(['modules/a.ko', 'modules/b.ko', 'modules/c.ko']);
  });

  test('does without what newer kernels have no module for', async () => {
    put('virtio_blk.ko', moduleObject([]));
    await build(['virtio_blk', ...OPTIONAL_MODULES]);
    expect(list().slice(5)).toEqual(['modules/virtio_blk.ko']);
    put('ext4.ko', moduleObject(OPTIONAL_MODULES));
    await expect(build(['ext4'])).rejects.toThrow("no module 'crc32c_generic' (needed by 'ext4')");
  });

  test("comes after the kernel's own archive, and its files win", async () => {
    put('virtio.ko', moduleObject([]));
    const before = join(dir, 'initrd');
    writeFileSync(before, Buffer.concat([writeCpio([{ path: 'init', mode: 0o100755 }]), Buffer.from([0])]));
    await buildInitramfs({ init: join(dir, 'init'), modulesDir, modules: ['virtio'], before, output });
    const both = readFileSync(output);
    await build(['virtio']);
    const own = readFileSync(output);
    const at = both.length - own.length;
    expect(at % 4).toBe(0);
    expect(both.subarray(at).equals(own)).toBe(true);
    expect(both.subarray(0, at - 3).equals(readFileSync(before))).toBe(true);
    rmSync(before);
    await expect(
      buildInitramfs({ init: join(dir, 'init'), modulesDir, modules: ['virtio'], before, output }),
    ).rejects.toThrow("The kernel's own initrd cannot be read");
  });

  test('says which module is missing, what needs it, and what cannot be unpacked', async () => {
    put('virtio_net.ko', moduleObject(['failover']));
    await expect(build(['virtio_net'])).rejects.toThrow(
      "The kernel has no module 'failover' (needed by 'virtio_net').",
    );
    await expect(build(['virtio_blk'])).rejects.toThrow("The kernel has no module 'virtio_blk'.");
    put('x.ko.xz', Buffer.from('packed'));
    await expect(build(['x'])).rejects.toThrow('cannot be unpacked');
    put('text.ko', Buffer.from('no module at all'));
    await expect(build(['text'])).rejects.toThrow('is not a kernel module');
    expect(readdirSync(dir).sort()).toEqual(['init', 'modules']);
  });

  test('ends with modules that need each other', async () => {
    put('a.ko', moduleObject(['b']));
    put('b.ko', moduleObject(['a']));
    await build(['a']);
    expect(list().slice(5)).toEqual(['modules/b.ko', 'modules/a.ko']);
  });
});

test('a truncated module is refused, never read beyond its end', () => {
  const object = moduleObject(['a', 'b']);
  expect(readModuleInfo(object, 'x.ko')).toEqual({ depends: ['a', 'b'], release: '6.1.0-nook' });
  for (let length = 0; length < object.length; length += 7) {
    expect(() => readModuleInfo(object.subarray(0, length), 'x.ko')).toThrow('not a kernel module');
  }
});

test('machine types differ in their transport only', () => {
  expect(guestModules('pci')).toEqual(['virtio_pci', ...GUEST_MODULES]);
  expect(guestModules('mmio')).toEqual(['virtio_mmio', ...GUEST_MODULES]);
});
