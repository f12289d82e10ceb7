import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { devNull } from 'node:os';
import { NookError } from '@nook/daemonapi';

/** The most that git may answer at once: the names of a very large repository. */
const MAX_OUTPUT = 256 * 1024 * 1024;

/**
 * Where git works. With a `gitDir` of nook's own, nothing of the repository's configuration is read: it names programs
 * that git would run (filters, hooks, fsmonitor, diff drivers, ssh).
 */
export interface GitPlace {
  readonly cwd: string;
  readonly gitDir?: string;
  readonly workTree?: string;
  readonly indexFile?: string;
}

interface GitOptions {
  readonly input?: string | Buffer;
  /** Exit codes that are answers, beside 0. */
  readonly answers?: readonly number[];
  /** The user's own settings count, which are trusted; those of the system as well. */
  readonly userConfig?: boolean;
  readonly signal?: AbortSignal;
}

/** Settings that hold whatever a repository's own configuration says. What could start a program is off. */
const CLOSED = [
  ...['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'core.untrackedCache=false', 'core.pager=cat'],
  ...['core.sshCommand=false', 'core.askPass=false', 'core.editor=false', 'core.alternateRefsCommand=false'],
  ...['credential.helper=', 'gpg.program=false', 'diff.external=', 'protocol.allow=never', 'safe.directory=*'],
  ...['core.quotePath=false', 'core.safecrlf=false', 'gc.auto=0', 'maintenance.auto=false', 'submodule.recurse=false'],
].flatMap((setting) => ['-c', setting]);

/** Where nobody has put a .gitconfig: releases before 2.32 do not know GIT_CONFIG_GLOBAL. */
const NOWHERE = '/nonexistent';

/** No variable of this process reaches git but these. */
function environment({ gitDir, workTree, indexFile }: GitPlace, userConfig: boolean): NodeJS.ProcessEnv {
  const { PATH, HOME, XDG_CONFIG_HOME } = process.env;
  return {
    PATH,
    LC_ALL: 'C',
    ...(userConfig
      ? { HOME, XDG_CONFIG_HOME }
      : { HOME: NOWHERE, GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_SYSTEM: devNull, GIT_CONFIG_NOSYSTEM: '1' }),
    GIT_ATTR_NOSYSTEM: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'false',
    GIT_EDITOR: 'false',
    GIT_PAGER: 'cat',
    // No protocol at all, also none that a repository allows itself; missing objects are not fetched.
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_LITERAL_PATHSPECS: '1',
    ...(gitDir === undefined ? {} : { GIT_DIR: gitDir }),
    ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }),
    ...(indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }),
  };
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
}

/**
 * Runs git to its end, so that nothing of a repository is executed.
 * @throws NookError `unavailable` when the host has no git, `operation_failed` with what git says
 */
export async function git(place: GitPlace, args: readonly string[], options: GitOptions = {}): Promise<GitAnswer> {
  const { input, answers = [], userConfig = false, signal } = options;
  const child = spawn('git', ['--no-pager', ...CLOSED, ...args], {
    cwd: place.cwd,
    env: environment(place, userConfig),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  child.stdin.on('error', () => {}).end(input ?? '');
  const [stdout, stderr, code] = await Promise.all([
    collect(child, 'stdout'),
    collect(child, 'stderr'),
    once(child, 'close').then(([exit]) => exit as number | null),
  ]).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? noGit(error) : error;
  });
  if (code === 0 || answers.includes(code ?? -1)) return { code: code ?? -1, stdout };
  const said = stderr
    .toString()
    .trim()
    .replace(/^(?:fatal|error): /, '');
  throw new NookError('operation_failed', `git ${args[0]} failed: ${said || `exit code ${code}`}.`);
}

/** What git answers in one line. */
export async function gitLine(place: GitPlace, args: readonly string[], options?: GitOptions): Promise<string> {
  return (await git(place, args, options)).stdout.toString().replace(/\n$/, '');
}

/** What git answers with NUL after each. Names are bytes: latin1 keeps every one of them. */
export async function gitNames(place: GitPlace, args: readonly string[], options?: GitOptions): Promise<string[]> {
  return (await git(place, args, options)).stdout.toString('latin1').split('\0').slice(0, -1);
}

async function collect(child: ChildProcess, name: 'stdout' | 'stderr'): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of child[name] as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_OUTPUT) {
      child.kill('SIGKILL');
      throw new NookError('operation_failed', `git answered with more than ${MAX_OUTPUT / 1024 ** 2} MiB.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function noGit(cause: Error): NookError {
  return new NookError('unavailable', 'There is no git on this host, and the folder is a repository.', {
    hint: 'Install it (Debian: apt-get install git).',
    cause,
  });
}
