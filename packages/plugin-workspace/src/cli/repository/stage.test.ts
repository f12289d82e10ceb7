import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { repositoryFacts } from './facts.ts';
import { findRepository, type Repository } from './find-repository.ts';
import { Folder } from './repository.fixture.ts';
import { type Staged, type StageWishes, stage } from './stage.ts';

const SECRET = 'nobody is to see this';
let folder: Folder;
let count = 0;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder[Symbol.dispose]());

interface Asked extends Partial<StageWishes> {
  readonly from?: string;
}

async function prepare(name: string, { from, ...wishes }: Asked = {}): Promise<Staged> {
  const repository = (await findRepository(folder.at(name))) as Repository;
  const facts = await repositoryFacts(repository, from);
  const target = `stage-${++count}`;
  mkdirSync(folder.at(target));
  return stage(repository, facts, {
    folder: folder.at(target),
    wishes: { includeUntracked: false, skipSubmodules: false, ...wishes },
  });
}

/** What git in the guest would say, with its own settings. */
const guest = (staged: Staged, ...args: string[]) => folder.git(staged.folder.slice(folder.path.length), ...args);
const pathsOf = ({ paths }: Staged) => [...paths].sort();

function sizeOf(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

describe('a repository', () => {
  test('travels as one commit, with what the tree has of changes, staged and not', async () => {
    folder.repository('r', {
      a: 'one\n',
      b: 'b\n',
      gone: 'x\n',
      'sub/moved': randomBytes(3000),
      '.gitignore': '*.log\n',
    });
    folder.git('r', 'remote', 'add', 'origin', 'https://user:token@example.org/r.git');
    const head = folder.git('r', 'rev-parse', 'HEAD');
    folder.write('r/a', 'two\n');
    folder.write('r/new', 'staged\n');
    folder.write('r/.env', SECRET);
    folder.write('r/noise.log', SECRET);
    rmSync(folder.at('r/gone'));
    folder.git('r', 'mv', 'sub/moved', 'sub/there');
    folder.git('r', 'add', 'new');
    const status = folder.git('r', 'status', '--porcelain', '-uno');

    const staged = await prepare('r');
    expect(pathsOf(staged)).toEqual(['.gitignore', 'a', 'b', 'new', 'sub/there']);
    expect(staged).toMatchObject({ untracked: { count: 1, included: false }, changed: 5, lfs: { count: 0 } });
    expect(guest(staged, 'status', '--porcelain')).toBe(status);
    expect(guest(staged, 'log', '--format=%H %D')).toBe(`${head} grafted, HEAD -> main`);
    expect(guest(staged, 'rev-parse', 'refs/nook/prepared')).toBe(staged.prepared);
    expect(guest(staged, 'remote', 'get-url', 'origin')).toBe('https://example.org/r.git');
    expect(guest(staged, 'config', 'user.email')).toBe('ada@example.org');
    expect(readFileSync(join(staged.folder, 'sub/there'))).toEqual(readFileSync(folder.at('r/sub/there')));
    expect(guest(staged, 'fsck', '--full', '--strict')).toBe('');
    expect(() => folder.git('', 'grep', '-r', '--no-index', '-l', SECRET, staged.folder)).toThrow();
    expect(readdirSync(join(staged.folder, '.git')).filter((name) => name.startsWith('host-'))).toEqual([]);
    expect(folder.git('r', 'status', '--porcelain', '-uno')).toBe(status);
  });

  test('moves what it holds now, not what it held', async () => {
    folder.repository('r', { big: randomBytes(5_000_000) });
    folder.write('r/big', randomBytes(5_000_000));
    folder.commit('r', 'second');
    folder.write('r/big', 'small now\n');
    const head = folder.commit('r', 'third');
    const staged = await prepare('r');
    expect(sizeOf(staged.folder)).toBeLessThan(20_000);
    expect(existsSync(join(staged.folder, '.git/objects/info/alternates'))).toBe(false);
    expect(guest(staged, 'rev-parse', 'HEAD')).toBe(head);
    folder.write(`${staged.folder.slice(folder.path.length)}/more`, 'x');
    guest(staged, 'add', 'more');
    guest(staged, 'commit', '-q', '-m', 'in the guest');
    expect(guest(staged, 'rev-list', '--count', 'HEAD')).toBe('2');
  });

  test('takes the untracked along when asked, and never what is ignored', async () => {
    folder.repository('r', { a: 'a', '.gitignore': 'ignored\n' });
    folder.git('r', 'config', 'core.excludesFile', folder.at('absent'));
    folder.write('r/.git/info/exclude', 'private\n');
    for (const name of ['r/plain', 'r/dir/inner', 'r/ignored', 'r/private']) folder.write(name);
    folder.repository('r/nested', { x: 'x' });
    expect((await prepare('r')).untracked).toEqual({ count: 2, included: false });
    const staged = await prepare('r', { includeUntracked: true });
    expect(pathsOf(staged)).toEqual(['.gitignore', 'a', 'dir/inner', 'plain']);
    expect(guest(staged, 'status', '--porcelain')).toBe('?? dir/\n?? plain');
    expect(guest(staged, 'check-ignore', 'private')).toBe('private');
  });

  test('can be another commit, on a new branch: then no change travels', async () => {
    folder.repository('r', { a: 'one\n' });
    const first = folder.git('r', 'rev-parse', 'HEAD');
    folder.write('r/a', 'two\n');
    folder.commit('r', 'second');
    folder.write('r/a', 'three\n');
    const staged = await prepare('r', { from: 'HEAD~1', branch: 'topic/x' });
    expect(readFileSync(join(staged.folder, 'a'), 'utf8')).toBe('one\n');
    expect(guest(staged, 'symbolic-ref', 'HEAD')).toBe('refs/heads/topic/x');
    expect(guest(staged, 'rev-parse', 'HEAD')).toBe(first);
    expect(staged).toMatchObject({ changed: 0 });
    await expect(prepare('r', { branch: 'a..b' })).rejects.toMatchObject({ code: 'bad_params' });
    await expect(prepare('r', { from: '--all' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(prepare('r', { from: first, includeUntracked: true })).rejects.toMatchObject({ code: 'bad_params' });
    folder.git('r', 'checkout', '-qf', '--detach');
    expect(guest(await prepare('r'), 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('HEAD');
  });

  test('may be a linked working tree, shallow, or one whose index is split', async () => {
    folder.repository('r', { a: 'a' });
    folder.write('r/a', 'b');
    folder.commit('r', 'second');
    folder.git('r', 'worktree', 'add', '-q', '-b', 'side', folder.at('w'));
    folder.write('w/a', 'c');
    expect(guest(await prepare('w'), 'status', '--porcelain', '-b')).toBe('## side\n M a');
    folder.git('', 'clone', '-q', '--depth', '1', `file://${folder.at('r')}`, folder.at('s'));
    expect(guest(await prepare('s'), 'fsck')).toBe('');
    folder.git('r', 'update-index', '--split-index');
    folder.write('r/a', 'd');
    expect(guest(await prepare('r'), 'status', '--porcelain')).toBe('M a');
  });

  test('keeps modes, links and every byte of a name', async () => {
    folder.repository('r', { run: '#!/bin/sh\n', 'a\nb': 'x', 'ü"\\ ': 'y', '-n': 'z' });
    chmodSync(folder.at('r/run'), 0o755);
    symlinkSync('/etc/passwd', folder.at('r/link'));
    folder.commit('r', 'second');
    const staged = await prepare('r');
    expect(guest(staged, 'status', '--porcelain')).toBe('');
    expect(statSync(join(staged.folder, 'run')).mode & 0o111).toBe(0o111);
    expect(readlinkSync(join(staged.folder, 'link'))).toBe('/etc/passwd');
    expect(readFileSync(join(staged.folder, 'a\nb'), 'utf8')).toBe('x');
  });

  test('sends files of Git LFS as they are here, and counts them', async () => {
    folder.repository('r', { '.gitattributes': '*.bin filter=lfs diff=lfs -text\n', 'x.bin': 'version https://…\n' });
    folder.write('r/x.bin', 'the content');
    const staged = await prepare('r');
    expect(staged.lfs).toEqual({ count: 1, as: 'content' });
    expect(readFileSync(join(staged.folder, 'x.bin'), 'utf8')).toBe('the content');
  });

  test('is refused with the reason', async () => {
    mkdirSync(folder.at('empty'));
    folder.git('empty', 'init', '-q');
    await expect(prepare('empty')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('no commit yet'),
    });
    folder.repository('inner', { x: 'x' });
    folder.repository('r', { a: 'a' });
    folder.git(
      'r',
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      folder.at('inner'),
      'vendor/lib',
    );
    await expect(prepare('r')).rejects.toMatchObject({
      code: 'conflict',
      message: 'Submodules do not travel: vendor/lib.',
    });
    const staged = await prepare('r', { skipSubmodules: true });
    expect(staged.submodules).toEqual(['vendor/lib']);
    expect(pathsOf(staged)).toEqual(['.gitmodules', 'a']);
    expect(pathsOf(await prepare('r/vendor/lib'))).toEqual(['x']);
    folder.repository('m', { a: 'base\n' });
    folder.git('m', 'checkout', '-qb', 'other');
    folder.write('m/a', 'theirs\n');
    folder.commit('m', 'theirs');
    folder.git('m', 'checkout', '-q', 'main');
    folder.write('m/a', 'ours\n');
    folder.commit('m', 'ours');
    expect(() => folder.git('m', 'merge', '-q', 'other')).toThrow();
    await expect(prepare('m')).rejects.toMatchObject({ message: expect.stringContaining('in the middle of a merge') });
  });
});

describe('a hostile repository', () => {
  test('runs nothing: hooks, filters, fsmonitor, drivers, aliases, pagers, ssh', async () => {
    const mark = folder.at('ran');
    const evil = folder.write('evil', `#!/bin/sh\necho "$0 $*" >>${mark}\ncat\n`);
    chmodSync(evil, 0o755);
    folder.repository('r', { a: 'a', '.gitattributes': '* filter=f diff=d merge=m\n' });
    const dotGit = folder.at('r/.git');
    for (const hook of [
      'post-checkout',
      'post-index-change',
      'reference-transaction',
      'pre-commit',
      'fsmonitor-watchman',
    ]) {
      folder.write(`r/.git/hooks/${hook}`, `#!/bin/sh\necho ${hook} >>${mark}\n`);
      chmodSync(join(dotGit, 'hooks', hook), 0o755);
    }
    const settings = `
[filter "f"]
  clean = ${evil}
  smudge = ${evil}
  process = ${evil}
  required = true
[diff]
  external = ${evil}
[diff "d"]
  textconv = ${evil}
  command = ${evil}
[core]
  fsmonitor = ${evil}
  hooksPath = ${dotGit}/hooks
  pager = ${evil}
  sshCommand = ${evil}
  editor = ${evil}
  askPass = ${evil}
  alternateRefsCommand = ${evil}
  gitProxy = ${evil}
[alias]
  ls-files = !${evil}
  status = !${evil}
[credential]
  helper = ${evil}
[gpg]
  program = ${evil}
[remote "origin"]
  url = ext::${evil} %S
  promisor = true
  partialclonefilter = blob:none
  uploadpack = ${evil}
[extensions]
  partialClone = origin
[protocol "ext"]
  allow = always
[uploadpack]
  packObjectsHook = ${evil}
`;
    folder.write('r/.git/config', readFileSync(join(dotGit, 'config'), 'utf8') + settings);
    folder.write('r/a', 'changed');
    folder.write('r/untracked', 'u');
    const staged = await prepare('r', { includeUntracked: true });
    expect(readFileSync(join(staged.folder, 'a'), 'utf8')).toBe('changed');
    expect(existsSync(mark)).toBe(false);
    expect(readFileSync(join(staged.folder, '.git/config'), 'utf8')).not.toContain('filter');
    // It would have run, had the repository been asked in the usual way.
    expect(() => folder.git('r', 'add', '-A')).toThrow('clean filter');
    expect(existsSync(mark)).toBe(true);
  });

  test('with objects missing is an error, and fetches nothing', async () => {
    const mark = folder.at('ran');
    const evil = folder.write('evil', `#!/bin/sh\necho >>${mark}\n`);
    chmodSync(evil, 0o755);
    folder.repository('r', { a: 'a' });
    const blob = folder.git('r', 'rev-parse', 'HEAD:a');
    rmSync(folder.at('r/.git/objects', blob.slice(0, 2), blob.slice(2)));
    folder.write('r/a', 'changed, so that it is nowhere');
    folder.write(
      'r/.git/config',
      `[core]\nrepositoryformatversion = 1\n[extensions]\npartialClone = origin\n[remote "origin"]\nurl = ext::${evil}\npromisor = true\n[protocol "ext"]\nallow = always\n`,
    );
    await expect(prepare('r')).rejects.toMatchObject({ code: 'operation_failed' });
    expect(existsSync(mark)).toBe(false);
  });

  test('cannot have files of other places travel', async () => {
    folder.repository('private', { secret: SECRET });
    // Another tree than its own.
    folder.repository('r', { secret: 'own' });
    folder.git('r', 'config', 'core.worktree', folder.at('private'));
    expect(readFileSync(join((await prepare('r')).folder, 'secret'), 'utf8')).toBe('own');
    // A directory of the tree that has become a link out of it.
    folder.repository('l', { 'd/secret': 'own' });
    renameSync(folder.at('l/d'), folder.at('l-d'));
    symlinkSync(folder.at('private'), folder.at('l/d'));
    const staged = await prepare('l', { includeUntracked: true });
    expect(lstatSync(join(staged.folder, 'd')).isSymbolicLink()).toBe(true);
    expect(pathsOf(staged)).toEqual(['d']);
    // A .git that is somebody else's.
    for (const [name, place] of [
      ['f1', 'private/.git'],
      ['f2', 'w'],
    ] as const) {
      if (name === 'f2') folder.git('private', 'worktree', 'add', '-q', folder.at('w'));
      const gitDir = name === 'f2' ? folder.at('private/.git/worktrees/w') : folder.at(place);
      folder.write(`${name}/.git`, `gitdir: ${gitDir}\n`);
      await expect(prepare(name)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('does not know it'),
      });
    }
    mkdirSync(folder.at('f3'));
    symlinkSync(folder.at('private/.git'), folder.at('f3/.git'));
    await expect(prepare('f3')).rejects.toMatchObject({ message: expect.stringContaining('is a symlink') });
    folder.repository('f4', { a: 'a' });
    folder.write('f4/.git/commondir', folder.at('private/.git'));
    await expect(prepare('f4')).rejects.toMatchObject({ message: expect.stringContaining('objects lie elsewhere') });
    folder.repository('f5', { a: 'a' });
    rmSync(folder.at('f5/.git/objects'), { recursive: true });
    symlinkSync(folder.at('private/.git/objects'), folder.at('f5/.git/objects'));
    await expect(prepare('f5')).rejects.toMatchObject({ code: 'conflict' });
  });
});

test('a folder in no repository is told apart, and what is no folder refused', async () => {
  mkdirSync(folder.at('plain/deep'), { recursive: true });
  expect(await findRepository(folder.at('plain/deep'))).toBeUndefined();
  await expect(findRepository(folder.at('none'))).rejects.toMatchObject({ code: 'not_found' });
  await expect(findRepository(folder.write('file'))).rejects.toMatchObject({ code: 'bad_params' });
  folder.repository('r', { 'a/b/c': 'x' });
  expect((await findRepository(folder.at('r/a/b')))?.root).toBe(folder.at('r'));
});
