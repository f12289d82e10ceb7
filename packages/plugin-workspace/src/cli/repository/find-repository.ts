import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { gitLine } from './git.ts';

/** A repository's working tree, and where the rest of it lies. All absolute, without symlinks. */
export interface Repository {
  /** The folder that holds `.git`. */
  readonly root: string;
  /** HEAD and index of this working tree. */
  readonly gitDir: string;
  /** Objects and refs; the same unless this is a linked working tree. */
  readonly commonDir: string;
}

/**
 * The repository that a folder lies in; undefined when it lies in none.
 *
 * Found without git: `core.worktree`, and a `.git` that points elsewhere, are words of the repository, and would have files of
 * other folders travel. So the tree is where `.git` is, and a `.git` that points somewhere is followed only when that place
 * points back.
 * @throws NookError `not_found`, `conflict` when the repository is not one of its own
 */
export async function findRepository(path: string): Promise<Repository | undefined> {
  for (let folder = realFolder(path); ; folder = dirname(folder)) {
    const dotGit = join(folder, '.git');
    const there = lstatSync(dotGit, { throwIfNoEntry: false });
    if (there?.isDirectory()) return ofDirectory(folder, dotGit);
    if (there?.isFile()) return ofFile(folder, dotGit);
    if (there) throw foreign(dotGit, 'is a symlink');
    if (folder === dirname(folder)) return undefined;
  }
}

export function realFolder(path: string): string {
  try {
    const folder = realpathSync(path);
    if (lstatSync(folder).isDirectory()) return folder;
  } catch (cause) {
    throw new NookError('not_found', `There is no folder '${path}'.`, { cause });
  }
  throw new NookError('bad_params', `'${path}' is no folder.`);
}

function ofDirectory(root: string, gitDir: string): Repository {
  if (lstatSync(join(gitDir, 'commondir'), { throwIfNoEntry: false })) {
    throw foreign(gitDir, 'says that its objects lie elsewhere');
  }
  return checked({ root, gitDir, commonDir: gitDir });
}

async function ofFile(root: string, dotGit: string): Promise<Repository> {
  const [, named] = /^gitdir: (.+?)\n?$/.exec(readFileSync(dotGit, 'utf8')) ?? [];
  if (named === undefined) throw foreign(dotGit, 'is no file of git');
  const gitDir = realpathSync(resolve(root, named));
  const back = readIfThere(join(gitDir, 'gitdir'));
  if (back !== undefined && same(resolve(gitDir, back), dotGit)) {
    return checked({
      root,
      gitDir,
      commonDir: realpathSync(resolve(gitDir, readIfThere(join(gitDir, 'commondir')) ?? '.')),
    });
  }
  // A submodule: its directory lies in the repository around it, and names the tree.
  const config = ['config', '--file', join(gitDir, 'config'), '--get', 'core.worktree'];
  const tree = await gitLine({ cwd: root }, config, { answers: [1] });
  if (tree !== '' && same(resolve(gitDir, tree), root)) return checked({ root, gitDir, commonDir: gitDir });
  throw foreign(dotGit, `leads to '${gitDir}', which does not know it`);
}

function checked(repository: Repository): Repository {
  for (const name of ['objects', 'refs']) {
    const place = join(repository.commonDir, name);
    if (!lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) throw foreign(place, 'is no directory');
  }
  return repository;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function same(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

function foreign(path: string, what: string): NookError {
  return new NookError('conflict', `'${path}' ${what}: that is not taken for a repository.`, {
    hint: 'Clone it to a folder of its own, and name that.',
  });
}
