import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { commitOf, repositoryFacts } from './facts.ts';
import type { Repository } from './find-repository.ts';
import { type GitPlace, git, gitLine } from './git.ts';
import { makeRepository } from './own-repository.ts';
import { tameTree } from './tame-tree.ts';

export interface FilesToCompare {
  /** The files as they are in the guest; changed by this, so that they can be read. */
  readonly folder: string;
  /** A pack of the tree that was sent, as the guest has kept it. */
  readonly pack: string;
  /** An empty folder to work in. */
  readonly work: string;
  /** The repository that the files came from. */
  readonly repository: Repository;
  /** The tree that was sent. */
  readonly prepared: string;
  /** Another commit of the repository to compare with. */
  readonly base?: string | undefined;
}

/** Both as the guest's own git does it. */
const DIFF = ['diff-tree', '-r', '--no-renames', '--no-ext-diff', '--no-textconv', '--ignore-submodules=all'];
export const AS_PATCH = ['-p', '--binary', '--full-index'];
export const AS_NAMES = ['--name-status', '-z'];

/**
 * What was done to files that left a repository and come back from somewhere without git. Whatever they are, they are data: git
 * works in a repository of nook's own, and follows nothing in them.
 * @returns what `git diff-tree` says
 * @throws NookError `not_found` for an unknown base, `operation_failed` when the pack is not what was sent
 */
export async function compareFiles(files: FilesToCompare, how: readonly string[]): Promise<Buffer> {
  const { folder, work, repository, prepared, base } = files;
  const gitDir = join(work, 'git');
  await mkdir(gitDir);
  await makeRepository(gitDir, { from: repository, facts: await repositoryFacts(repository) });
  const own: GitPlace = { cwd: folder, gitDir, workTree: folder };
  await takeIn(own, files);
  const from = base === undefined ? prepared : await commitOf(own, base);
  if (from === undefined) throw new NookError('not_found', `'${repository.root}' has no commit '${base}'.`);
  await tameTree(folder);
  await git(own, ['read-tree', prepared]);
  await git(own, ['add', '--all', '.']);
  const tree = await gitLine(own, ['write-tree', '--missing-ok']);
  return (await git(own, [...DIFF, ...how, `${from}^{tree}`, tree])).stdout;
}

/** The guest may have made anything of it: the names of objects are hashes of what is in them. */
async function takeIn(own: GitPlace, { pack, prepared }: FilesToCompare): Promise<void> {
  const place = join(own.gitDir as string, 'objects', 'pack', 'pack-sent.pack');
  await rename(pack, place);
  await git(own, ['index-pack', place]).catch((cause: unknown) => {
    throw new NookError('operation_failed', 'What the VM has kept of the files that were sent cannot be read.', {
      cause,
    });
  });
  const { stdout } = await git(own, ['cat-file', '-t', prepared], { answers: [128] });
  if (stdout.toString().trim() === 'tree') return;
  throw new NookError('operation_failed', 'What the VM has kept is not what was sent.', {
    hint: 'Send the repository again.',
  });
}
