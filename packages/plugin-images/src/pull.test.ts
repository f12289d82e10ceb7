import { spawnSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { findProgram } from './processes/environment.ts';
import { tempDir } from './testing/temp-dir.ts';
import { patient, testDaemon } from './testing/test-daemon.ts';

/** A store to keep between runs, so that kernels and images are fetched once. */
const kept = process.env.NOOK_TEST_STORE;
const shared = kept === undefined ? {} : { store: kept };
const LIMIT = 120_000;

test(
  'busybox is built from the real package: two at once share one pull',
  async () => {
    await using dir = await tempDir();
    await using daemon = testDaemon(dir.path, { config: { size: '64MiB' } });
    const [first, second]: [Progress[], Progress[]] = [[], []];
    const images = await Promise.all([
      daemon.images.ensure('busybox', patient(first)),
      daemon.images.ensure('busybox', patient(second)),
    ]);
    expect(images[0]).toEqual(images[1]);
    expect(first.map(({ stage }) => stage)).toContain('file system');
    expect(second.map(({ stage }) => stage)).toContain('file system');
    const disk = images[0].path;
    const show = (command: string) =>
      spawnSync(findProgram('debugfs') ?? '', ['-R', command, disk], { encoding: 'utf8' }).stdout;
    expect(show('stat /bin/busybox')).toMatch(/Mode: {2}0755[\s\S]*User: +0 +Group: +0/);
    expect(show('stat /bin/sh')).toMatch(/Fast link dest: "\/bin\/busybox"/);
    expect(show('cat /etc/passwd')).toMatch(/^root:x:0:0/);
    expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
  },
  LIMIT,
);

test(
  'the kernel is a 64-bit ELF beside its modules',
  async () => {
    await using dir = await tempDir();
    await using daemon = testDaemon(dir.path, shared);
    const kernel = await daemon.kernels.ensure(undefined, patient());
    expect(kernel.release).toMatch(/^\d+\.\d+\..*-cloud-amd64$/);
    expect((await stat(kernel.vmlinux)).size).toBeGreaterThan(20 * 2 ** 20);
    const drivers = join(kernel.modules, 'kernel/drivers');
    expect(await readdir(join(drivers, 'virtio'))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^virtio_pci\.ko/)]),
    );
    expect(daemon.kernels.get(kernel.digest)).toEqual(kernel);
  },
  LIMIT,
);
