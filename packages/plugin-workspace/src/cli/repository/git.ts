import { execFile } from 'node:child_process';
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

/** glibc's own: git takes and gives back memory for each loose object, which a VM that is itself the host pays for dearly. */
const MEMORY = { MALLOC_TRIM_THRESHOLD_: String(256 * 1024 ** 2), MALLOC_TOP_PAD_: String(16 * 1024 ** 2) };

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
    ...MEMORY,
    ...(gitDir === undefined ? {} : { GIT_DIR: gitDir }),
    ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }),
    ...(indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }),
  };
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  /** What git says of a failure, in one line. */
  readonly said: string;
}

/**
 * Runs git to its end, so that nothing of a repository is executed.
 * @throws NookError `unavailable` when the host has no git, `operation_failed` with what git says
 */
export async function git(place: GitPlace, args: readonly string[], options: GitOptions = {}): Promise<GitAnswer> {
  const answer = await run(place, args, options);
  if (answer.code === 0 || options.answers?.includes(answer.code)) return answer;
  throw new NookError('operation_failed', `git ${args[0]} failed: ${answer.said || `exit code ${answer.code}`}.`);
}

function run(place: GitPlace, args: readonly string[], { input, userConfig = false }: GitOptions): Promise<GitAnswer> {
  const env = environment(place, userConfig);
  const options = { cwd: place.cwd, env, encoding: 'buffer' as const, maxBuffer: MAX_OUTPUT };
  return new Promise((resolve, reject) => {
    const child = execFile('git', ['--no-pager', ...CLOSED, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : (error.code ?? -1);
      const said = stderr
        .toString()
        .trim()
        .replace(/^(?:fatal|error): /, '');
      if (typeof code === 'number') resolve({ code, stdout, said });
      else if (code === 'ENOENT') reject(noGit(error));
      else reject(new NookError('operation_failed', `git ${args[0]} failed: ${error?.message}.`, { cause: error }));
    });
    // It may answer without reading all of it.
    child.stdin?.on('error', () => {}).end(input ?? '');
  });
}

/** What git answers in one line. */
export async function gitLine(place: GitPlace, args: readonly string[], options?: GitOptions): Promise<string> {
  return (await git(place, args, options)).stdout.toString().replace(/\n$/, '');
}

/** What git answers with NUL after each. Names are bytes: latin1 keeps every one of them. */
export async function gitNames(place: GitPlace, args: readonly string[], options?: GitOptions): Promise<string[]> {
  return (await git(place, args, options)).stdout.toString('latin1').split('\0').slice(0, -1);
}

function noGit(cause: unknown): NookError {
  return new NookError('unavailable', 'There is no git on this host, and the folder is a repository.', {
    hint: 'Install it (Debian: apt-get install git).',
    cause,
  });
}
