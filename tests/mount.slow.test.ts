import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Shown } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';

/** With Debian's kernel for any machine, which has 9p. */
describe('nook vm run --mount', () => {
  let home: Home;
  let shared: string;
  const own = process.getuid?.() ?? 0;

  beforeAll(async () => {
    home = await Home.create();
    await mkdir(join(home.dir, 'config'), { recursive: true, mode: 0o700 });
    await writeFile(join(home.dir, 'config/config.toml'), '[vm]\nkernel = "debian"\n', { mode: 0o600 });
    await home.ok('kernel', 'pull', 'debian');
    shared = await mkdtemp(join(tmpdir(), 'nook-shared-'));
    // The machine of root's daemon runs as a user of its own.
    await mkdir(join(shared, 'rw'), { mode: 0o777 });
    await mkdir(join(shared, 'ro'), { mode: 0o777 });
    await writeFile(join(shared, 'ro/file'), 'from the host\n', { mode: 0o666 });
    await symlink('file', join(shared, 'ro/link'));
    await rm(join(shared, 'none'), { force: true });
    const { chmod } = await import('node:fs/promises');
    for (const path of ['', 'rw', 'ro']) await chmod(join(shared, path), 0o777);
    await chmod(join(shared, 'ro/file'), 0o666);
    const mounts = ['--mount', `${shared}/rw:/work`, '--mount', `${shared}/ro:/data/deep:ro`];
    await home.ok('vm', 'run', '-d', '--image', 'busybox', '--memory', '512M', '--name', 'sharing', ...mounts);
  });
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await rm(shared, { recursive: true });
  });

  const shell = (script: string) => home.nook(['vm', 'exec', 'sharing', '--', 'sh', '-c', script]);

  it('shows the folder of the host, and what changes there', async () => {
    expect((await shell('cat /data/deep/file /data/deep/link')).stdout).toBe('from the host\nfrom the host\n');
    await writeFile(join(shared, 'ro/file'), 'changed\n');
    expect((await shell('cat /data/deep/file')).stdout).toBe('changed\n');
  });

  it('writes through, as the process that runs the machine', async () => {
    expect((await shell('mkdir /work/made && echo guest >/work/made/file && chown 1234 /work/made/file')).code).toBe(0);
    expect(await readFile(join(shared, 'rw/made/file'), 'utf8')).toBe('guest\n');
    const { uid } = await stat(join(shared, 'rw/made/file'));
    if (own === 0) expect(uid).toBeGreaterThan(0);
    else expect(uid).toBe(own);
    expect(uid).not.toBe(1234);
  });

  it('is read-only on the side of the host', async () => {
    const { code, stderr } = await shell('echo x >/data/deep/new');
    expect(code).not.toBe(0);
    expect(stderr).toContain('Read-only file system');
    // The guest takes the flag away from itself: the host still refuses.
    const again = await shell('mount -o remount,rw /data/deep; echo x >/data/deep/new; echo y >/data/deep/file');
    expect(again.code).not.toBe(0);
    expect(await readFile(join(shared, 'ro/file'), 'utf8')).toBe('changed\n');
    await expect(stat(join(shared, 'ro/new'))).rejects.toThrow('ENOENT');
  });

  it('comes up cold and makes no template', async () => {
    const vm = await home.json<Shown>('vm', 'show', 'sharing');
    expect(vm).toMatchObject({
      came_up: 'cold',
      mounts: [{ target: '/work' }, { target: '/data/deep', read_only: true }],
    });
  });

  it('is there again after a stop and a start, also under the init of the image', async () => {
    await home.ok('vm', 'stop', 'sharing');
    await home.ok('vm', 'start', 'sharing');
    expect((await shell('cat /work/made/file')).stdout).toBe('guest\n');
    const flags = ['--image', 'busybox', '--memory', '512M', '--init', 'image', '--mount', `${shared}/ro:/data:ro`];
    expect(await home.ok('vm', 'run', '--rm', ...flags, '--', 'cat', '/data/file')).toBe('changed\n');
  });
});
