import { appendFile, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { copyIndex } from './copy-index.ts';
import type { RepositoryFacts } from './facts.ts';
import type { Repository } from './find-repository.ts';

/**
 * Makes a repository of nook's own, as gitrepository-layout(5) describes one, which borrows the objects of another: its HEAD is
 * the other's commit, its settings are those of this checkout alone.
 */
export async function makeRepository(
  gitDir: string,
  { from, facts }: { readonly from: Repository; readonly facts: RepositoryFacts },
): Promise<void> {
  await Promise.all(
    ['objects/info', 'objects/pack', 'refs/heads', 'info'].map((name) =>
      mkdir(join(gitDir, name), { recursive: true }),
    ),
  );
  await Promise.all([
    writeFile(join(gitDir, 'HEAD'), `${facts.head}\n`),
    writeFile(join(gitDir, 'config'), configOf(facts)),
    borrowObjects(from, gitDir),
    copyExcludes(from, facts, gitDir),
    copyIndexes(from, gitDir),
  ]);
}

/** Where HEAD is to be, and what other names there are. Their names are in one file, so none of them is a path. */
export async function writeRefs(
  gitDir: string,
  { head, refs }: { readonly head: string; readonly refs: Readonly<Record<string, string>> },
): Promise<void> {
  const lines = Object.entries(refs).map(([name, object]) => `${object} ${name}\n`);
  await writeFile(join(gitDir, 'packed-refs'), lines.join(''));
  await writeFile(join(gitDir, 'HEAD'), `${head}\n`);
}

/** All that the repository needs is its own by now. */
export async function returnObjects(gitDir: string): Promise<void> {
  await rm(alternatesOf(gitDir));
  const objects = join(gitDir, 'objects');
  const loose = (await readdir(objects)).filter((name) => /^[0-9a-f]{2}$/.test(name));
  await Promise.all(loose.map((name) => rm(join(objects, name), { recursive: true })));
}

/** Times and sizes say whether a file was changed: the rest differs in a guest. */
function configOf({ identity, origin, settings, branch, objectFormat }: RepositoryFacts): string {
  const remote = { url: origin, fetch: '+refs/heads/*:refs/remotes/origin/*' };
  const sha1 = objectFormat === 'sha1';
  return [
    section('core', {
      ...{ repositoryformatversion: sha1 ? '0' : '1', filemode: 'true', bare: 'false' },
      ...{ checkStat: 'minimal', trustctime: 'false', logAllRefUpdates: 'true' },
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name.replace('core.', ''), value])),
    }),
    ...(sha1 ? [] : [section('extensions', { objectFormat })]),
    section('user', identity),
    ...(origin === undefined ? [] : [section('remote "origin"', remote)]),
    ...(origin === undefined || branch === undefined
      ? []
      : [section(`branch "${escaped(branch)}"`, { remote: 'origin', merge: `refs/heads/${branch}` })]),
  ].join('');
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
  // git reads a quoted line as C would; a path may hold a line break.
  const quoted = `"${escaped(join(commonDir, 'objects'))}"`;
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

function orNothing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
