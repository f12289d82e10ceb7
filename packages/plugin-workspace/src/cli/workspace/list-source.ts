import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CliContext, OptionValues } from '@nook/daemonapi';
import { entriesOf, shown, type TreeEntry } from '../repository/tree-entries.ts';
import { remarks } from './remarks.ts';
import type { Source } from './source.ts';
import { Staging } from './staging.ts';

/** Prints what would travel: every name and size, and nothing is sent. */
export async function listSource(context: CliContext, source: Source, options: OptionValues): Promise<void> {
  await using staging = Staging.begin(source, options, { listOnly: true });
  const staged = await staging.staged;
  if (source.kind === 'folder' || staged === undefined) {
    print(context, await filesOf(source.path), {});
    return;
  }
  const { commit, branch } = source.facts;
  if (!context.json) for (const remark of remarks(source.facts, staged)) context.out.note(`nook: ${remark}`);
  print(context, await entriesOf(staged), {
    ...{ commit, branch, changed: staged.changed, untracked: staged.untracked },
    ...{ submodules: staged.submodules, lfs: staged.lfs },
  });
}

function print({ json, out }: CliContext, entries: readonly TreeEntry[], facts: object): void {
  const files = entries.map(({ mode, bytes, path }) => ({ mode, bytes, path: shown(path) }));
  if (json) out.json({ ...facts, files });
  else for (const { bytes, path } of files) out.line(`${String(bytes).padStart(10)}  ${path}`);
}

async function filesOf(folder: string, prefix = ''): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    const about = await lstat(path);
    if (about.isDirectory()) entries.push(...(await filesOf(path, `${prefix}${name}/`)));
    else if (about.isFile() || about.isSymbolicLink()) {
      const mode = about.isSymbolicLink() ? '120000' : (about.mode & 0o111) !== 0 ? '100755' : '100644';
      entries.push({ mode, bytes: about.size, path: Buffer.from(prefix + name).toString('latin1') });
    }
  }
  return entries;
}
