import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isNookError, NookError } from '@nook/daemonapi';
import type { RepositoryFacts } from './facts.ts';
import type { Repository } from './find-repository.ts';
import { type GitPlace, git } from './git.ts';
import { makeRepository, returnObjects, writeRefs } from './own-repository.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

/** Keeps the state that the guest was given, which an export compares with, when git there tidies up. */
const PREPARED_REF = 'refs/nook/prepared';

export interface StageWishes {
  /** A new branch to be on in the guest. */
  readonly branch?: string | undefined;
  readonly includeUntracked: boolean;
  readonly skipSubmodules: boolean;
  /** The repository alone, for a list of what would travel: no files are written. */
  readonly listOnly?: boolean;
}

export interface Staged extends Snapshot {
  /** A folder that is to be the guest's: the files, and a `.git` of one commit. */
  readonly folder: string;
}

/**
 * Makes, in an empty folder, what a guest is to have of a repository: a repository of nook's own with the objects of one
 * commit and of the working tree's changes, an index as the host's, and the files. The host's repository is only read.
 * @throws NookError `conflict` for what cannot travel, `bad_params` for a branch that git would not take
 */
export async function stage(
  repository: Repository,
  facts: RepositoryFacts,
  { folder, wishes }: { readonly folder: string; readonly wishes: StageWishes },
): Promise<Staged> {
  const gitDir = join(folder, '.git');
  const own: GitPlace = { cwd: folder, gitDir, workTree: folder };
  await makeRepository(gitDir, { from: repository, facts });
  if (wishes.branch !== undefined) await checkBranch(own, wishes.branch);
  const snapshot = await takeSnapshot(repository, facts, { own, wishes });
  if (wishes.listOnly !== true) {
    await together([packObjects(own, [facts.commit, snapshot.index, snapshot.prepared]), writeFiles(own, snapshot)]);
    await returnObjects(gitDir);
    await enterBranch(gitDir, facts, { branch: wishes.branch, prepared: snapshot.prepared });
  }
  for (const name of await readdir(gitDir)) if (/^(?:host-index|sharedindex)/.test(name)) await rm(join(gitDir, name));
  return { ...snapshot, folder };
}

async function checkBranch(own: GitPlace, branch: string): Promise<void> {
  await git(own, ['check-ref-format', '--branch', branch]).catch((cause: unknown) => {
    if (!isNookError(cause) || cause.code === 'unavailable') throw cause;
    throw new NookError('bad_params', `'${branch}' cannot be the name of a branch.`, { cause });
  });
}

async function enterBranch(
  gitDir: string,
  { commit, branch: current }: RepositoryFacts,
  { branch = current, prepared }: { readonly branch: string | undefined; readonly prepared: string },
): Promise<void> {
  const name = branch === undefined ? undefined : `refs/heads/${branch}`;
  await writeRefs(gitDir, {
    head: name === undefined ? commit : `ref: ${name}`,
    refs: { ...(name === undefined ? {} : { [name]: commit }), [PREPARED_REF]: prepared },
  });
}

/** One pack of all that is needed, and nothing of the history before the commit. */
async function packObjects(own: GitPlace, wanted: readonly string[]): Promise<void> {
  const gitDir = own.gitDir as string;
  const [commit] = wanted;
  await writeFile(join(gitDir, 'shallow'), `${commit}\n`);
  const pack = join(gitDir, 'objects', 'pack', 'pack');
  await git(own, ['pack-objects', '--revs', '--quiet', '--window=0', pack], { input: `${wanted.join('\n')}\n` });
}

/** Writes the files, and an index that knows them for what they are. */
async function writeFiles(own: GitPlace, { prepared, index }: Snapshot): Promise<void> {
  await git(own, ['read-tree', '-u', '--reset', prepared]);
  if (index !== prepared) await git(own, ['read-tree', '-m', index]);
}

/** Waits for all, also when one fails: nothing works on in a folder that is about to be removed. */
async function together(work: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === 'rejected') throw outcome.reason;
}
