import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { type Dirs, NookError } from '@nook/daemonapi';
import { daemonOutputPath, untilAnswered } from '@nook/wire';
import { readReadyLine } from './ready-line.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface StartOptions {
  readonly command: readonly string[];
  readonly env: Env;
  readonly dirs: Dirs;
  /** How long the daemon may take to become ready. */
  readonly deadlineMs: number;
}

const TAIL_CHARS = 2000;

/**
 * Starts a daemon in a session of its own and waits until it is ready.
 * @returns the pid of the daemon that serves, which is another one's when that was faster
 * @throws NookError as the daemon said it, else `unavailable` or `timeout` with the end of what it wrote
 */
export async function startDaemon(options: StartOptions): Promise<number> {
  const { dirs, deadlineMs } = options;
  const output = daemonOutputPath(dirs);
  const file = await open(output, 'w', 0o600);
  let child: ChildProcess;
  try {
    child = await spawnDaemon(options, file);
  } finally {
    await file.close();
  }
  const pipe = child.stdio[3] as Readable;
  const late = AbortSignal.timeout(deadlineMs);
  const ended = untilExit(child, late);
  const known = new AbortController();
  const line = await Promise.race([
    readReadyLine(pipe, late),
    // For a daemon that is run by a program which does not hand on the descriptor.
    untilAnswered(dirs, known.signal).then((pid) => ({ pid })),
  ]);
  known.abort();
  pipe.destroy();
  // The pipe that ends without a word belongs to a process that is ending.
  const end = line === undefined ? await ended : undefined;
  child.unref();
  if (line !== undefined && 'pid' in line) return line.pid;
  if (line !== undefined) throw line.error;
  if (end !== undefined) {
    throw new NookError('unavailable', `The daemon ended ${end} before it was ready.${await tail(output)}`, {
      hint: `All it wrote is in '${output}'.`,
    });
  }
  throw new NookError('timeout', `The daemon is not ready after ${deadlineMs / 1000} s.${await tail(output)}`, {
    hint: `It may still become ready; its log is '${output.replace(/\.out$/, '.log')}'.`,
    details: { pid: child.pid },
  });
}

/** @returns how the process ended, or nothing when the signal came first */
function untilExit(child: ChildProcess, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once('exit', (code, by) => resolve(by === null ? `with exit code ${code}` : `by ${by}`));
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

async function spawnDaemon({ command, env, dirs }: StartOptions, output: FileHandle): Promise<ChildProcess> {
  const [program, ...args] = command;
  if (program === undefined) throw new NookError('bad_params', 'No command is known that starts the daemon.');
  const child = spawn(program, args, {
    // It outlives this command, whose directory it must not keep in use.
    cwd: '/',
    detached: true,
    env: {
      ...env,
      ...absolute(env, 'NOOK_HOME'),
      ...absolute(env, 'NOOK_STORE'),
      ...absolute(env, 'NODE_EXTRA_CA_CERTS'),
      NOOK_READY_FD: '3',
      NOOK_READY_FROM: String(process.pid),
    },
    stdio: ['ignore', output.fd, output.fd, 'pipe'],
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new NookError('unavailable', `The daemon cannot be started: ${(error as Error).message}`, {
      hint: `Look at [daemon] command in '${dirs.config}/config.toml'.`,
      cause: error,
    });
  }
  return child;
}

function absolute(env: Env, name: string): Record<string, string> {
  const value = env[name];
  return value ? { [name]: resolve(value) } : {};
}

async function tail(path: string): Promise<string> {
  const text = (await readFile(path, 'utf8').catch(() => '')).trim();
  return text === '' ? '' : `\n${text.slice(-TAIL_CHARS)}`;
}
