import { execFile, execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findUser } from './find-user.ts';
import { installFiles, removeFiles } from './installation.ts';
import { requireTrusted } from './trusted-path.ts';

const programs = {
  node: '/bin/true',
  helper: '/opt/nook/dist/nook-roothelper.mjs',
  daemon: '/opt/nook/dist/nookd.mjs',
};
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

  const install = (name = 'root') =>
    findUser(name).then((owner) => installFiles({ root, owner, programs, lowPorts: false }));

  it('is two units and a record that only root reads, and leaves nothing when it is purged', async () => {
    const files = await install('nobody');
    expect(files).toHaveLength(3);
    expect(JSON.parse(await readFile(join(root, files[2] as string), 'utf8'))).toEqual({
      ...{ version: 1, owner_uid: (await findUser('nobody')).uid, low_ports: false },
    });
    expect((await lstat(join(root, files[2] as string))).mode & 0o777).toBe(0o600);
    await removeFiles({ root, purge: false });
    await expect(lstat(join(root, files[0] as string))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(join(root, files[2] as string), 'utf8')).toContain('owner_uid');
    await removeFiles({ root, purge: true });
    await expect(lstat(join(root, files[2] as string))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is understood by systemd, and its helper is closed as far as it says', async ({ skip }) => {
    skip(analyzer !== undefined, analyzer);
    const [helper = '', daemon = ''] = await install();
    const units = [helper, daemon].map((file) => join(root, file));
    const { stderr } = await promisify(execFile)('systemd-analyze', [
      'verify',
      '--man=no',
      '--recursive-errors=no',
      ...units,
    ]);
    expect(stderr.split('\n').filter((line) => line.includes(root))).toEqual([]);
    const { stdout } = await promisify(execFile)('systemd-analyze', [
      'security',
      '--offline=yes',
      '--threshold=40',
      units[0] as string,
    ]);
    expect(stdout).toMatch(/Overall exposure level.*: [0-3]\.\d OK/);
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
