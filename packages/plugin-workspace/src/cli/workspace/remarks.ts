import type { RepositoryFacts } from '../repository/facts.ts';
import type { Snapshot } from '../repository/snapshot.ts';

const SHORT = 12;

/** What a user wants to know of what travels, and of what does not. */
export function remarks({ commit, head, branch }: RepositoryFacts, snapshot: Snapshot): string[] {
  const { paths, changed, untracked, submodules, lfs } = snapshot;
  const carried = commit === head ? `, ${changed} of them changed` : '; changes of the working tree stay here';
  const lines = [
    `${paths.length} ${paths.length === 1 ? 'file' : 'files'} of ${branch ?? 'a detached HEAD'} at ${commit.slice(0, SHORT)}${carried}`,
  ];
  if (untracked.count > 0) {
    const files = `${untracked.count} untracked ${untracked.count === 1 ? 'file' : 'files'}`;
    lines.push(untracked.included ? `${files} included` : `${files} left here (--include-untracked sends them)`);
  }
  if (submodules.length > 0) lines.push(`left out: submodules ${submodules.join(', ')}`);
  if (lfs.count > 0) {
    lines.push(
      `${lfs.count} files of Git LFS ${lfs.as === 'content' ? 'are sent as they are here' : 'are pointers in that commit'}`,
    );
  }
  return lines;
}
