import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { copyIndex } from './copy-index.ts';
import type { RepositoryFacts } from './facts.ts';
import type { Repository } from './find-repository.ts';
import { type GitPlace, git, gitLine, gitNames } from './git.ts';
import type { StageWishes } from './stage.ts';
import { shown } from './tree-entries.ts';

const SUBMODULE = '160000';
/** So many names are shown of those that an error is about. */
const SHOWN = 5;

/** What a working tree held at one moment. */
export interface Snapshot {
  /** Tree of the files that travel. */
  readonly prepared: string;
  /** Tree of the host's index: what was staged is staged in the guest. */
  readonly index: string;
  /** Each character a byte. */
  readonly paths: readonly string[];
  /** Files that differ from the commit. */
  readonly changed: number;
  /** Files that no commit knows, nor an ignore list: how many, and whether they travel. */
  readonly untracked: { readonly count: number; readonly included: boolean };
  /** Left out. */
  readonly submodules: readonly string[];
  /** Files of Git LFS: `content` travels as it is on the host, `pointer` is what a commit holds of it. */
  readonly lfs: { readonly count: number; readonly as: 'content' | 'pointer' };
}

interface Taking {
  readonly own: GitPlace;
  readonly wishes: StageWishes;
}

/** @throws NookError `conflict` for a merge in progress, for submodules, and for a tree that git does not take */
export async function takeSnapshot(
  repository: Repository,
  facts: RepositoryFacts,
  { own, wishes }: Taking,
): Promise<Snapshot> {
  const carries = facts.commit === facts.head;
  if (!carries && wishes.includeUntracked) {
    throw new NookError('bad_params', '--include-untracked goes with the commit that is checked out.', {
      hint: 'Leave out --from.',
    });
  }
  const trees = carries
    ? await ofWorkingTree(repository, facts, { own, wishes })
    : await ofCommit(facts, { own, wishes });
  const [changed, lfs] = await Promise.all([
    countChanged(own, carries ? facts.headTree : `${facts.commit}^{tree}`, trees.prepared),
    countLfs(
      { ...own, ...(carries ? { workTree: repository.root } : { indexFile: indexOf(own, 'files') }) },
      trees.paths,
    ),
  ]);
  return { ...trees, changed, lfs: { count: lfs, as: carries ? 'content' : 'pointer' } };
}

type Trees = Pick<Snapshot, 'prepared' | 'index' | 'paths' | 'untracked' | 'submodules'>;

async function ofCommit({ commit }: RepositoryFacts, { own, wishes }: Taking): Promise<Trees> {
  const files: GitPlace = { ...own, indexFile: indexOf(own, 'files') };
  await git(files, ['read-tree', commit]);
  const submodules = await takeOutSubmodules(files, await stagedIn(files), wishes);
  const [prepared, index, paths] = await Promise.all([
    gitLine(files, ['write-tree', '--missing-ok']),
    gitLine(own, ['rev-parse', `${commit}^{tree}`]),
    gitNames(files, ['ls-files', '-z']),
  ]);
  return { prepared, index, paths, submodules, untracked: { count: 0, included: false } };
}

async function ofWorkingTree(
  { root }: Repository,
  { head, headTree }: RepositoryFacts,
  { own, wishes }: Taking,
): Promise<Trees> {
  // nook's repository and the host's files: neither the host's configuration nor its hooks have a say.
  const host: GitPlace = { cwd: root, gitDir: own.gitDir as string, workTree: root, indexFile: indexOf(own, 'copy') };
  if (!(await copyIndex(indexOf(own, 'given'), indexOf(own, 'copy')))) await git(host, ['read-tree', head]);
  const [staged, status] = await Promise.all([stagedIn(host), statusOf(host)]);
  if (status.unmerged) {
    throw new NookError('conflict', `'${root}' is in the middle of a merge.`, {
      hint: 'Finish it, or give it up: git merge --abort',
    });
  }
  const { untracked } = status;
  const facts = { untracked: { count: untracked.length, included: wishes.includeUntracked } };
  const links = staged.some(({ mode }) => mode === SUBMODULE);
  const includes = wishes.includeUntracked && untracked.length > 0;
  if (!status.changed && !links && !includes) {
    return { ...facts, prepared: headTree, index: headTree, paths: staged.map(({ path }) => path), submodules: [] };
  }
  const files: GitPlace = { ...host, indexFile: indexOf(own, 'files') };
  await copyIndex(indexOf(own, 'copy'), indexOf(own, 'files'));
  const submodules = await takeOutSubmodules(files, staged, wishes);
  const index = await gitLine(host, ['write-tree', '--missing-ok']);
  // First what is gone: a link may stand where a directory was.
  await git(files, ['add', '--update', '.']);
  if (includes) await add(files, untracked);
  const [prepared, paths] = await Promise.all([
    gitLine(files, ['write-tree', '--missing-ok']),
    gitNames(files, ['ls-files', '-z']),
  ]);
  return { ...facts, prepared, index, paths, submodules };
}

interface Status {
  /** The index differs from the commit, or a file from the index. */
  readonly changed: boolean;
  readonly unmerged: boolean;
  readonly untracked: readonly string[];
}

/** Never of submodules: git would look into each, by its own configuration. */
async function statusOf(host: GitPlace): Promise<Status> {
  const how = ['--porcelain=v2', '--untracked-files=all', '--ignore-submodules=all', '--no-renames', '-z'];
  const lines = await gitNames(host, ['status', ...how]);
  const others = lines.filter((line) => line.startsWith('? ')).map((line) => line.slice(2));
  return {
    changed: lines.length > others.length,
    unmerged: lines.some((line) => line.startsWith('u ')),
    // Repositories of their own end in a slash.
    untracked: others.filter((name) => !name.endsWith('/')),
  };
}

function indexOf(own: GitPlace, which: 'given' | 'copy' | 'files'): string {
  return join(own.gitDir as string, which === 'given' ? 'host-index' : `host-index.${which}`);
}

async function add(place: GitPlace, names: readonly string[]): Promise<void> {
  await git(place, ['update-index', '--add', '-z', '--stdin'], { input: joined(names) });
}

interface StagedFile {
  /** As git writes it: `100644`, `100755`, `120000`, and `160000` for a submodule. */
  readonly mode: string;
  readonly path: string;
}

async function stagedIn(place: GitPlace): Promise<StagedFile[]> {
  const lines = await gitNames(place, ['ls-files', '--stage', '-z']);
  return lines.map((line) => ({ mode: line.slice(0, SUBMODULE.length), path: line.slice(line.indexOf('\t') + 1) }));
}

/** Submodules are repositories of their own: what they hold does not travel. */
async function takeOutSubmodules(
  place: GitPlace,
  staged: readonly StagedFile[],
  { skipSubmodules }: StageWishes,
): Promise<string[]> {
  const names = staged.filter(({ mode }) => mode === SUBMODULE).map(({ path }) => path);
  if (names.length === 0) return [];
  if (!skipSubmodules) {
    throw new NookError('conflict', `Submodules do not travel: ${listed(names)}.`, {
      hint: 'Leave them out with --skip-submodules, and get them in the guest: git submodule update --init',
    });
  }
  await git(place, ['update-index', '--force-remove', '-z', '--stdin'], { input: joined(names) });
  return names.map(shown);
}

async function countChanged(own: GitPlace, tree: string, prepared: string): Promise<number> {
  if (tree === prepared) return 0;
  return (await gitNames(own, ['diff-tree', '-r', '-z', '--name-only', '--no-renames', tree, prepared])).length;
}

/** Only a list of attributes makes a file one of Git LFS. */
async function countLfs(place: GitPlace, paths: readonly string[]): Promise<number> {
  if (!paths.some((path) => /(?:^|\/)\.gitattributes$/.test(path))) return 0;
  const args = ['check-attr', ...(place.indexFile === undefined ? [] : ['--cached']), '-z', '--stdin', 'filter'];
  const answers = await gitNames(place, args, { input: joined(paths) });
  return answers.filter((value, at) => at % 3 === 2 && value === 'lfs').length;
}

function joined(names: readonly string[]): Buffer {
  return Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1');
}

function listed(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return names.slice(0, SHOWN).map(shown).join(', ') + more;
}
