import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { debianImage } from './harness/debian-image.ts';
import { Home } from './harness/home.ts';

/** The first run makes the image. */
const IMAGE_MS = 600_000;
/** In the repository's past, and in no commit that travels. */
const HISTORY = 50_000_000;
const SECRET = 'nobody-is-to-see-this';

describe('nook workspace', () => {
  let home: Home;
  let dir: string;

  const at = (...names: string[]) => join(dir, ...names);
  const write = (name: string, content: string | Buffer) => {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), content);
  };
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', at('app'), '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      encoding: 'utf8',
    }).trimEnd();
  const guest = (script: string) => home.ok('vm', 'exec', 'dev', '--', 'sh', '-c', `cd /root/repo && ${script}`);
  /** A hash of all files, with their names and modes. */
  const HASH = `find . -name .git -prune -o \\( -type f -o -type l \\) -print | LC_ALL=C sort | tar -cf - --no-recursion --mtime=@0 --owner=0 --group=0 --numeric-owner -T - | sha256sum`;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nook-workspace-test-'));
    home = await Home.create();
    mkdirSync(at('app'));
    git('init', '-q', '-b', 'main');
    git('config', 'user.name', 'Ada Lovelace');
    git('config', 'user.email', 'ada@example.org');
    for (let count = 0; count < 200; count++) write(`app/src/${count % 10}/file-${count}.txt`, `${count}\n`);
    write('app/logo.bin', randomBytes(50_000));
    write('app/.gitignore', 'build/\n');
    write('app/history.bin', randomBytes(HISTORY));
    git('-c', 'core.compression=0', 'add', '-A');
    git('commit', '-q', '-m', 'a large file that is no more');
    git('rm', '-q', 'history.bin');
    git('commit', '-q', '-m', 'first');
    git('mv', 'src/0/file-0.txt', 'src/renamed.txt');
    write('app/src/1/file-1.txt', 'changed here\n');
    write('app/.env', SECRET);
    write('app/build/out', SECRET);
    const image = await debianImage(home, ['openssh-server', 'rsync', 'git']);
    await home.ok('vm', 'run', '-d', '--name', 'dev', '--image', image, '--network', 'none');
  }, IMAGE_MS);
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  it('says what would travel, and makes nothing', async () => {
    const { files, untracked } = await home.json<{ files: { path: string }[]; untracked: object }>(
      ...['workspace', 'prepare', '--dry-run', 'dev', at('app')],
    );
    expect(files).toHaveLength(202);
    expect(untracked).toEqual({ count: 1, included: false });
    expect((await home.nook(['workspace', 'status', 'dev'])).stderr).toContain("VM 'dev' has no workspace");
  });

  it('puts a repository there with its changes, and the secret stays here', async () => {
    const { code, stderr } = await home.nook(['workspace', 'prepare', '--branch', 'fix', 'dev', at('app/src')]);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('1 untracked file left here') });
    expect(await guest('git status --porcelain')).toBe(`${git('status', '--porcelain', '-uno')}\n`);
    expect(await guest('git log --format=%H && git symbolic-ref HEAD && git config user.name')).toBe(
      `${git('rev-parse', 'HEAD')}\nrefs/heads/fix\nAda Lovelace\n`,
    );
    expect(await guest(`grep -rl ${SECRET} . || true`)).toBe('');
    expect(Number.parseInt(await guest('du -sk .'), 10)).toBeLessThan(HISTORY / 1000 / 20);
    expect(await home.ok('workspace', 'export', 'dev')).toBe('');
    // Its index is as good as new: nothing has to be read to know that nothing was changed.
    expect(await guest('git diff-files --name-only')).toBe('src/1/file-1.txt\n');
  });

  it('brings back commits, edits, new files and binaries: the trees are equal', async () => {
    await guest(`echo committed >>src/2/file-2.txt && git commit -qam work && head -c 40000 /dev/urandom >logo.bin &&
      git rm -q src/3/file-3.txt && echo new >"new file" && mkdir -p build && echo ignored >build/x && chmod 755 src/4/file-4.txt`);
    const before = await guest('git status --porcelain=v2 -b; git for-each-ref; find .git -type f | wc -l');
    const file = at('work.patch');
    await home.ok('workspace', 'export', '-o', file, 'dev');
    expect(await guest('git status --porcelain=v2 -b; git for-each-ref; find .git -type f | wc -l')).toBe(before);
    git('apply', '--check', file);
    git('apply', file);
    const theirs = await guest(`rm -r build && ${HASH}`);
    execFileSync('rm', ['-r', at('app/build'), at('app/.env')]);
    expect(execFileSync('sh', ['-c', HASH], { cwd: at('app'), encoding: 'utf8' })).toBe(theirs);
    const since = await home.ok('workspace', 'export', '--base-commit', 'HEAD', 'dev');
    expect(since).not.toContain('committed');
    expect(since).toContain('new file');
    expect((await home.nook(['workspace', 'export', '--base-commit', 'none', 'dev'])).stderr).toContain(
      "no commit 'none'",
    );
  });

  it('tells what has changed on either side, and loses nothing unasked', async () => {
    git('commit', '-qam', 'second');
    const status = await home.json<{ host: object; guest: { commits: number; files: object[] } }>(
      'workspace',
      'status',
      'dev',
    );
    expect(status.host).toMatchObject({ state: 'moved', head: git('rev-parse', 'HEAD') });
    expect(status.guest).toMatchObject({ commits: 1 });
    expect(status.guest.files).toContainEqual({ status: 'A', path: 'new file' });
    const moved = await home.nook(['vm', 'exec', 'dev', '--', 'pwd']);
    expect(moved).toMatchObject({ code: 0, stdout: '/root/repo\n', stderr: expect.stringContaining('HEAD is') });
    expect(await home.nook(['vm', 'exec', '-w', '/', 'dev', '--', 'pwd'])).toMatchObject({ stdout: '/\n', stderr: '' });
    const auto = await home.nook(['vm', 'exec', '--auto-prepare', 'dev', '--', 'pwd']);
    expect(auto).toMatchObject({ code: 125, stderr: expect.stringContaining('nook workspace export dev') });
    const refused = await home.nook(['workspace', 'prepare', 'dev', at('app')]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('nook workspace export dev') });
    await home.ok('workspace', 'prepare', '--discard', 'dev', at('app'));
    expect(await guest('git log --format=%H; ls /root')).toBe(`${git('rev-parse', 'HEAD')}\nrepo\n`);
    git('commit', '-q', '--allow-empty', '-m', 'third');
    const again = await home.nook(['vm', 'exec', '--auto-prepare', 'dev', '--', 'git', 'rev-parse', 'HEAD']);
    expect(again).toMatchObject({ code: 0, stdout: `${git('rev-parse', 'HEAD')}\n` });
  });

  it('sends files alone to an image without git, and a folder as it is', async () => {
    await busyboxVm(home, 'small', '--network', 'none');
    const { stderr } = await home.nook(['workspace', 'prepare', 'small', at('app')]);
    expect(stderr).toContain('the image has no git: the files alone are sent');
    const look = ['vm', 'exec', 'small', '--', 'sh', '-c'];
    expect(
      await home.ok(...look, 'cat /root/repo/src/1/file-1.txt; ls -d /root/repo/.git 2>/dev/null || echo none'),
    ).toBe('changed here\nnone\n');
    await writeFile(at('plain.txt'), 'plain');
    mkdirSync(at('plain'));
    await writeFile(at('plain', 'a'), 'as it is');
    await home.ok(...look, 'echo more >>/root/repo/src/1/file-1.txt');
    expect((await home.nook(['workspace', 'prepare', 'small', at('plain')])).stderr).toContain('has 1 changed files');
    await home.ok('workspace', 'prepare', '--guest-path', '/srv/plain', 'small', at('plain'));
    expect(await home.ok(...look, 'cat /srv/plain/a')).toBe('as it is');
    expect((await home.nook(['workspace', 'export', 'small'])).stderr).toContain('was no repository on the host');
    expect(readFileSync(at('plain', 'a'), 'utf8')).toBe('as it is');
  });
});
