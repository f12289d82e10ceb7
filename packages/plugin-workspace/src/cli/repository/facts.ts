import { NookError } from '@nook/daemonapi';
import type { Repository } from './find-repository.ts';
import { type GitPlace, git, gitLine, gitNames } from './git.ts';

/** What is asked of a repository itself. Only commands that read, and start nothing, whatever its configuration says. */
export interface RepositoryFacts {
  readonly commit: string;
  /** The commit that its working tree stands on. */
  readonly head: string;
  /** That commit's tree. */
  readonly headTree: string;
  /** Checked out there; absent when HEAD is detached. */
  readonly branch?: string | undefined;
  /** Without user name and password. */
  readonly origin?: string | undefined;
  readonly identity: { readonly name?: string | undefined; readonly email?: string | undefined };
  readonly objectFormat: string;
  /** Settings that decide whether a file counts as changed. */
  readonly settings: Readonly<Record<string, string>>;
  /** The user's own list of what no repository is to hold. */
  readonly excludesFile?: string | undefined;
}

const SETTINGS: Readonly<Record<string, RegExp>> = {
  'core.filemode': /^(?:true|false)$/,
  'core.autocrlf': /^(?:true|false|input)$/,
  'core.eol': /^(?:lf|crlf|native)$/,
};

/** @throws NookError `conflict` when there is no commit yet, `not_found` for an unknown `from` */
export async function repositoryFacts(repository: Repository, from?: string): Promise<RepositoryFacts> {
  const place = placeOf(repository);
  const [{ format, head, headTree, branch }, settings] = await Promise.all([readHead(place), readSettings(place)]);
  if (head === undefined || headTree === undefined) {
    throw new NookError('conflict', `'${repository.root}' has no commit yet.`, { hint: 'Commit first: git commit' });
  }
  const commit = from === undefined ? head : await commitOf(place, from);
  if (commit === undefined) {
    throw new NookError('not_found', `'${repository.root}' has no commit '${from}'.`, {
      hint: 'See: git log, git branch',
    });
  }
  const counting = Object.entries(SETTINGS).map(
    ([name, pattern]) => [name, settings.get(name) ?? '', pattern] as const,
  );
  return {
    ...{ commit, head, headTree, branch },
    origin: withoutPassword(settings.get('remote.origin.url')),
    identity: { name: settings.get('user.name'), email: settings.get('user.email') },
    objectFormat: format,
    settings: Object.fromEntries(
      counting.filter(([, value, pattern]) => pattern.test(value)).map(([name, value]) => [name, value]),
    ),
    excludesFile: settings.get('global core.excludesfile')?.replace(/^~(?=\/)/, process.env.HOME ?? '~'),
  };
}

/** The commit that HEAD is now; undefined before the first. */
export function headOf(repository: Repository): Promise<string | undefined> {
  return commitOf(placeOf(repository), 'HEAD');
}

function placeOf({ root, gitDir }: Repository): GitPlace {
  return { cwd: root, gitDir, workTree: root };
}

interface Head {
  readonly format: string;
  readonly head?: string | undefined;
  readonly headTree?: string | undefined;
  readonly branch?: string | undefined;
}

/** All in one question: each start of git costs as much as its answer. */
async function readHead(place: GitPlace): Promise<Head> {
  const question = ['--show-object-format', 'HEAD^{commit}', 'HEAD^{tree}', '--symbolic-full-name', 'HEAD'];
  const { code, stdout, said } = await git(place, ['rev-parse', ...question], { answers: [128] });
  const [format, head, headTree, name] = stdout.toString().trimEnd().split('\n');
  // Without a commit it fails after the first answer.
  if (!format) throw new NookError('operation_failed', `git rev-parse failed: ${said}.`);
  if (code !== 0) return { format };
  return { format, head, headTree, branch: orUndefined(/^refs\/heads\/(.+)$/.exec(name ?? '')?.[1] ?? '') };
}

/** Undefined: there is no such commit. */
export async function commitOf(place: GitPlace, name: string): Promise<string | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
  return orUndefined(await gitLine(place, args, { answers: [1, 128] }));
}

/** What counts for the user in this repository, by lower-case names; those of the user alone also as `global NAME`. */
async function readSettings(place: GitPlace): Promise<Map<string, string>> {
  const words = await gitNames(place, ['config', '--list', '--show-scope', '-z'], { userConfig: true });
  const settings = new Map<string, string>();
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [scope, setting = ''] = [words[at], Buffer.from(words[at + 1] as string, 'latin1').toString()];
    const end = setting.indexOf('\n');
    const [name, value] = end === -1 ? [setting, 'true'] : [setting.slice(0, end), setting.slice(end + 1)];
    // Those of this command line say nothing of the user.
    if (scope === 'command') continue;
    settings.set(name, value);
    if (scope === 'global') settings.set(`global ${name}`, value);
  }
  return settings;
}

/** What stands before the @ of a URL may be a secret; the name that ssh needs is none. */
function withoutPassword(url: string | undefined): string | undefined {
  return url?.replace(/^(https?:\/\/)[^/@]*@/, '$1').replace(/^(\w+:\/\/[^/@:]*):[^/@]*@/, '$1@');
}

function orUndefined(text: string): string | undefined {
  return text === '' ? undefined : text;
}
