import { execFile, execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findUser } from './find-user.ts';
import { type Installation, installFiles, removeFiles } from './installation.ts';
import { requireTrusted } from './trusted-path.ts';
import { DAEMON_UNIT, HELPER_UNIT, OWNER_FILE } from './units.ts';

const programs = {
  node: '/bin/true',
  helper: '/opt/nook/dist/nook-roothelper.mjs',
  daemon: '/opt/nook/dist/nookd.mjs',
};
/** Tenths of what systemd-analyze calls exposure: 0 is none, 100 all. */
const MOST_EXPOSED: Readonly<Record<string, number>> = { [HELPER_UNIT]: 32, [DAEMON_UNIT]: 65 };

const analyzer = (() => {
  try {
    return execFileSync('systemd-analyze', ['--version'], { encoding: 'utf8' }) && undefined;
  } catch {
    return 'systemd-analyze is not installed';
  }
})();

describe('an installation', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'nook-root-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const install = (name = 'nobody', more: Partial<Installation> = {}) =>
    findUser(name).then((owner) => installFiles({ root, owner, programs, lowPorts: false, lingering: false, ...more }));
  const text = (path: string) => readFile(join(root, path), 'utf8');
  const there = async () =>
    (await readdir(root, { recursive: true, withFileTypes: true })).filter((one) => !one.isDirectory());

  it('is units, whose they are, and a record that only root reads, and leaves nothing when it is purged', async () => {
    const completions = { bash: 'b', zsh: 'z', fish: 'f' };
    const files = await install('nobody', { own: { launcher: '/opt/nook/nook', completions } });
    expect(await there()).toHaveLength(files.length);
    const record = '/var/lib/nook-roothelper/install.json';
    const { uid } = await findUser('nobody');
    expect(JSON.parse(await text(record))).toEqual({ version: 1, owner_uid: uid, low_ports: false, lingering: false });
    expect((await lstat(join(root, record))).mode & 0o777).toBe(0o600);
    expect(await text('/etc/tmpfiles.d/nook.conf')).toContain('d /run/nook 0700 nobody - -\n');
    expect(await text('/usr/local/share/zsh/site-functions/_nook')).toBe('z');
    await removeFiles({ root, purge: false });
    expect((await there()).map(({ name }) => name)).toEqual(['install.json']);
    await removeFiles({ root, purge: true });
    expect(await there()).toEqual([]);
  });

  it('of a package is whose the daemon is, and no more', async () => {
    const dist = '/usr/lib/nook/dist';
    const packaged = {
      node: '/usr/lib/nook/bin/node',
      helper: `${dist}/nook-roothelper.mjs`,
      daemon: `${dist}/nookd.mjs`,
    };
    await install('nobody', { programs: packaged });
    const names = (await there()).map(({ name }) => name).toSorted();
    expect(names).toEqual(['install.json', 'nook.conf', 'owner.conf', 'owner.conf']);
  });

  it('leaves what others put beside its files, and is refused for another user', async () => {
    await install('nobody');
    const others = join(root, dirname(OWNER_FILE), 'memory.conf');
    await writeFile(others, '[Service]\nMemoryMax=1G\n');
    await mkdir(join(root, 'usr/local/bin'), { recursive: true });
    await writeFile(join(root, 'usr/local/bin/nook'), 'mine');
    await expect(install('root')).rejects.toMatchObject({ code: 'conflict' });
    await removeFiles({ root, purge: true });
    expect((await there()).map(({ name }) => name).toSorted()).toEqual(['memory.conf', 'nook']);
  });

  it('is understood by systemd, and closed as far as the user guide says', async ({ skip }) => {
    skip(analyzer !== undefined, analyzer);
    const files = (await install('games')).filter((path) => /\.(service|socket)$/.test(path));
    const { stderr } = await promisify(execFile)('systemd-analyze', [
      ...['verify', '--man=no', '--recursive-errors=no'],
      ...files.map((path) => join(root, path)),
    ]);
    expect(stderr.split('\n').filter((line) => line.includes(root))).toEqual([]);
    for (const unit of [HELPER_UNIT, DAEMON_UNIT]) {
      const { stdout } = await promisify(execFile)('systemd-analyze', [
        ...['security', '--offline=yes', `--root=${root}`, `--threshold=${MOST_EXPOSED[unit]}`, unit],
      ]);
      expect(stdout).toContain('Overall exposure level');
    }
  });

  it.each(['no such user', '-x', 'a:b', '../x', 'nosuchuserhere'])('is refused for %j', async (name) => {
    await expect(findUser(name)).rejects.toMatchObject({ code: expect.stringMatching(/bad_params|not_found/) });
  });

  it('takes no program that others could change, nor one behind a link of theirs', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root owns programs that only root can change');
    const dir = join(root, 'dist');
    await mkdir(dir, { mode: 0o755 });
    const program = join(dir, 'nook.mjs');
    await writeFile(program, '', { mode: 0o644 });
    await expect(requireTrusted(program)).resolves.toBe(program);
    const refused = { code: 'unavailable', message: expect.stringContaining('others than root') };
    await chmod(program, 0o666);
    await expect(requireTrusted(program)).rejects.toMatchObject(refused);
    await chmod(program, 0o644);
    await chmod(dir, 0o777);
    await expect(requireTrusted(program)).rejects.toMatchObject(refused);
    await symlink(program, join(root, 'link'));
    await expect(requireTrusted(join(root, 'link'))).rejects.toMatchObject(refused);
    await expect(requireTrusted(join(root, 'nothing'))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
