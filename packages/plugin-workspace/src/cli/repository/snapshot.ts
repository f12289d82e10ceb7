import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { copyIndex } from './copy-index.ts';
import type { RepositoryFacts } from './facts.ts';
import type { Repository } from './find-repository.ts';
import { type GitPlace, git, gitLine, gitNames } from './git.ts';
import type { StageWishes } from './stage.ts';

const SUBMODULE = '160000';
/** So many names are shown of those that an error is about. */
const SHOWN = 5;

export interface TreeEntry {
  /** As git writes it: `100644`, `100755`, `120000`. */
  readonly mode: string;
  readonly bytes: number;
  /** Each character a byte. */
  readonly path: string;
}

/** What a working tree held at one moment. */
export interface Snapshot {
  /** Tree of the files that travel. */
  readonly prepared: string;
  /** Tree of the host's index: what was staged is staged in the guest. */
  readonly index: string;
  readonly entries: readonly TreeEntry[];
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
  const attributes: GitPlace = {
    ...own,
    workTree: carries ? repository.root : own.cwd,
    indexFile: indexOf(own, 'files'),
  };
  return {
    ...trees,
    entries: await entriesOf(own, trees.prepared),
    changed: (
      await gitNames(own, [
        'diff-tree',
        '-r',
        '-z',
        '--name-only',
        '--no-renames',
        `${facts.commit}^{tree}`,
        trees.prepared,
      ])
    ).length,
    lfs: { count: await countLfs(attributes, carries), as: carries ? 'content' : 'pointer' },
  };
}

type Trees = Pick<Snapshot, 'prepared' | 'index' | 'untracked' | 'submodules'>;

async function ofCommit({ commit }: RepositoryFacts, { own, wishes }: Taking): Promise<Trees> {
  const files: GitPlace = { ...own, indexFile: indexOf(own, 'files') };
  await git(files, ['read-tree', commit]);
  const submodules = await takeOutSubmodules(files, wishes);
  const prepared = await gitLine(files, ['write-tree', '--missing-ok']);
  const index = await gitLine(own, ['rev-parse', `${commit}^{tree}`]);
  return { prepared, index, submodules, untracked: { count: 0, included: false } };
}

async function ofWorkingTree({ root }: Repository, { head }: RepositoryFacts, { own, wishes }: Taking): Promise<Trees> {
  // nook's repository and the host's files: neither the host's configuration nor its hooks have a say.
  const host: GitPlace = { cwd: root, gitDir: own.gitDir as string, workTree: root, indexFile: indexOf(own, 'copy') };
  if (!(await copyIndex(indexOf(own, 'given'), indexOf(own, 'copy')))) await git(host, ['read-tree', head]);
  const unmerged = await gitNames(host, ['ls-files', '--unmerged', '-z']);
  if (unmerged.length > 0) {
    throw new NookError('conflict', `'${root}' is in the middle of a merge.`, {
      hint: 'Finish it, or give it up: git merge --abort',
    });
  }
  const files: GitPlace = { ...host, indexFile: indexOf(own, 'files') };
  await copyIndex(indexOf(own, 'copy'), indexOf(own, 'files'));
  const submodules = await takeOutSubmodules(files, wishes);
  const index = await gitLine(host, ['write-tree', '--missing-ok']);
  const untracked = (await gitNames(host, ['ls-files', '--others', '--exclude-standard', '-z'])).filter(
    (name) => !name.endsWith('/'),
  );
  // First what is gone: a link may stand where a directory was.
  await git(files, ['add', '--update', '.']);
  if (wishes.includeUntracked) await add(files, untracked);
  const prepared = await gitLine(files, ['write-tree', '--missing-ok']);
  return { prepared, index, submodules, untracked: { count: untracked.length, included: wishes.includeUntracked } };
}

function indexOf(own: GitPlace, which: 'given' | 'copy' | 'files'): string {
  return join(own.gitDir as string, which === 'given' ? 'host-index' : `host-index.${which}`);
}

async function add(place: GitPlace, names: readonly string[]): Promise<void> {
  await git(place, ['update-index', '--add', '-z', '--stdin'], { input: joined(names) });
}

/** Submodules are repositories of their own: what they hold does not travel. */
async function takeOutSubmodules(place: GitPlace, { skipSubmodules }: StageWishes): Promise<string[]> {
  const staged = await gitNames(place, ['ls-files', '--stage', '-z']);
  const names = staged.filter((line) => line.startsWith(SUBMODULE)).map((line) => line.slice(line.indexOf('\t') + 1));
  if (names.length === 0) return [];
  if (!skipSubmodules) {
    throw new NookError('conflict', `Submodules do not travel: ${listed(names)}.`, {
      hint: 'Leave them out with --skip-submodules, and get them in the guest: git submodule update --init',
    });
  }
  await git(place, ['update-index', '--force-remove', '-z', '--stdin'], { input: joined(names) });
  return names.map(shown);
}

async function entriesOf(own: GitPlace, tree: string): Promise<TreeEntry[]> {
  const lines = await gitNames(own, ['ls-tree', '-r', '-l', '-z', tree]);
  return lines.map((line) => {
    const tab = line.indexOf('\t');
    const [mode = '', , , size = '0'] = line.slice(0, tab).split(/ +/);
    return { mode, bytes: Number(size), path: line.slice(tab + 1) };
  });
}

async function countLfs(place: GitPlace, fromFiles: boolean): Promise<number> {
  const names = await gitNames(place, ['ls-files', '-z']);
  const args = ['check-attr', ...(fromFiles ? [] : ['--cached']), '-z', '--stdin', 'filter'];
  const answers = await gitNames(place, args, { input: joined(names) });
  return answers.filter((value, at) => at % 3 === 2 && value === 'lfs').length;
}

function joined(names: readonly string[]): Buffer {
  return Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1');
}

/** A name whose characters are bytes, for people: without what a terminal would obey. */
export function shown(name: string): string {
  return Buffer.from(name, 'latin1').toString().replace(/\p{C}/gu, '?');
}

function listed(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return names.slice(0, SHOWN).map(shown).join(', ') + more;
}
