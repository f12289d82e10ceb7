import { appendFile, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isNookError, NookError } from '@nook/daemonapi';
import { copyIndex } from './copy-index.ts';
import type { RepositoryFacts } from './facts.ts';
import type { Repository } from './find-repository.ts';
import { type GitPlace, git } from './git.ts';
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
  await git({ cwd: folder }, ['init', '-q', '--template=', `--object-format=${facts.objectFormat}`, '.']);
  await configure(gitDir, facts);
  await borrowObjects(repository, gitDir);
  await copyExcludes(repository, facts, gitDir);
  await copyIndexes(repository, gitDir);
  const snapshot = await takeSnapshot(repository, facts, { own, wishes });
  await enterBranch(own, facts, { branch: wishes.branch, prepared: snapshot.prepared });
  if (wishes.listOnly !== true) {
    await packObjects(own, [facts.commit, snapshot.index, snapshot.prepared]);
    await writeFiles(own, snapshot);
  }
  for (const name of await readdir(gitDir)) if (/^(?:host-index|sharedindex)/.test(name)) await rm(join(gitDir, name));
  return { ...snapshot, folder };
}

/** Settings of this checkout alone. Times and sizes say whether a file was changed: the rest differs in a guest. */
async function configure(gitDir: string, { identity, origin, settings, branch }: RepositoryFacts): Promise<void> {
  const remote = { url: origin, fetch: '+refs/heads/*:refs/remotes/origin/*' };
  const text = [
    section('core', { checkStat: 'minimal', trustctime: 'false', logAllRefUpdates: 'true', ...coreOf(settings) }),
    section('user', identity),
    ...(origin === undefined ? [] : [section('remote "origin"', remote)]),
    ...(origin === undefined || branch === undefined
      ? []
      : [section(`branch "${escaped(branch)}"`, { remote: 'origin', merge: `refs/heads/${branch}` })]),
  ];
  await appendFile(join(gitDir, 'config'), text.join(''));
}

function coreOf(settings: RepositoryFacts['settings']): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name.replace('core.', ''), value]));
}

function section(name: string, values: Readonly<Record<string, string | undefined>>): string {
  const lines = Object.entries(values).filter(([, value]) => value !== undefined);
  return `[${name}]\n${lines.map(([key, value]) => `\t${key} = "${escaped(value as string)}"\n`).join('')}`;
}

/** As a quoted value of a git configuration has it. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

async function borrowObjects({ commonDir }: Repository, gitDir: string): Promise<void> {
  const objects = join(commonDir, 'objects');
  // git reads a quoted line as C would; a path may hold a line break.
  const quoted = `"${escaped(objects)}"`;
  await mkdir(join(gitDir, 'objects', 'info'), { recursive: true });
  await writeFile(alternatesOf(gitDir), `${quoted}\n`);
  await copyFile(join(commonDir, 'shallow'), join(gitDir, 'shallow')).catch(orNothing);
}

function alternatesOf(gitDir: string): string {
  return join(gitDir, 'objects', 'info', 'alternates');
}

/** Ignored on the host by a list outside of the tree, ignored in the guest as well. */
async function copyExcludes(
  { commonDir }: Repository,
  { excludesFile }: RepositoryFacts,
  gitDir: string,
): Promise<void> {
  const { HOME = homedir(), XDG_CONFIG_HOME } = process.env;
  const usual = join(XDG_CONFIG_HOME || join(HOME, '.config'), 'git', 'ignore');
  await mkdir(join(gitDir, 'info'), { recursive: true });
  for (const file of [excludesFile ?? usual, join(commonDir, 'info', 'exclude')]) {
    const text = await readFile(file, 'utf8').catch(orNothing);
    if (text) await appendFile(join(gitDir, 'info', 'exclude'), `${text.replace(/\n?$/, '\n')}`);
  }
}

/** The host's index, so that files which were not touched need not be read. Part of it may lie in a second file. */
async function copyIndexes({ gitDir: from }: Repository, gitDir: string): Promise<void> {
  const shared = (await readdir(from)).filter((name) => /^sharedindex\.[0-9a-f]+$/.test(name));
  for (const name of shared) await copyFile(join(from, name), join(gitDir, name));
  await copyIndex(join(from, 'index'), join(gitDir, 'host-index'));
}

async function enterBranch(
  own: GitPlace,
  { commit, branch: current }: RepositoryFacts,
  { branch = current, prepared }: { readonly branch: string | undefined; readonly prepared: string },
): Promise<void> {
  await git(own, ['update-ref', PREPARED_REF, prepared]);
  if (branch === undefined) {
    await git(own, ['update-ref', '--no-deref', 'HEAD', commit]);
    return;
  }
  await git(own, ['check-ref-format', '--branch', branch]).catch((cause: unknown) => {
    if (!isNookError(cause) || cause.code === 'unavailable') throw cause;
    throw new NookError('bad_params', `'${branch}' cannot be the name of a branch.`, { cause });
  });
  await git(own, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
  await git(own, ['update-ref', `refs/heads/${branch}`, commit]);
}

/** One pack of all that is needed, and nothing of the history before the commit. */
async function packObjects(own: GitPlace, wanted: readonly string[]): Promise<void> {
  const gitDir = own.gitDir as string;
  const [commit] = wanted;
  await writeFile(join(gitDir, 'shallow'), `${commit}\n`);
  const pack = join(gitDir, 'objects', 'pack', 'pack');
  await git(own, ['pack-objects', '--revs', '--quiet', '--window=0', pack], { input: `${wanted.join('\n')}\n` });
  await rm(alternatesOf(gitDir));
  await git(own, ['prune-packed', '-q']);
}

/** Writes the files, and an index that knows them for what they are. */
async function writeFiles(own: GitPlace, { prepared, index }: Snapshot): Promise<void> {
  await git(own, ['read-tree', prepared]);
  await git(own, ['checkout-index', '--all', '--index', '--quiet']);
  if (index !== prepared) await git(own, ['read-tree', '-m', index]);
}

function orNothing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
