import { type FileHandle, open } from 'node:fs/promises';
import { NookError } from '@nook/daemonapi';
import { abortError } from '../errors.ts';
import { flockNow } from './flock.ts';
import { runProgram } from './run-program.ts';

export interface FileLock extends AsyncDisposable {
  /** Hand it to children: the lock is then held until they have ended too, also when this process was killed. */
  readonly fd: number;
}

export interface LockOptions {
  readonly signal: AbortSignal;
  /** Longest wait, in seconds. */
  readonly waitSeconds: number;
  /** Called once when somebody else holds the lock, with what they wrote about themselves. */
  readonly onWait?: (holder: string) => void;
}

/**
 * Takes an exclusive lock on a file, made when missing. The kernel releases it with the last process that has it open.
 * Where it must be waited for, the program `flock` waits with the open file that it inherits from us: no polling, and
 * a wait that can be cancelled.
 * @throws NookError `timeout` naming the holder, or the signal's reason
 */
export async function lockFile(path: string, options: LockOptions): Promise<FileLock> {
  if (options.signal.aborted) throw abortError(options.signal);
  const file = await open(path, 'a+', 0o600);
  try {
    if (!(await flockNow(file.fd))) {
      options.onWait?.(await readHolder(path));
      if (!(await awaitLock(file, options))) {
        throw new NookError(
          'timeout',
          `Waited ${options.waitSeconds} s for another process (${await readHolder(path)}) that holds ${path}.`,
          { hint: 'Wait for it to end, or end it, and try again.' },
        );
      }
    }
    await file.truncate(0);
    await file.write(`pid ${process.pid}\n`);
    return { fd: file.fd, [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** As {@link lockFile}, but undefined at once when somebody holds it. @throws NookError `operation_failed` */
export async function tryLockFile(path: string): Promise<FileLock | undefined> {
  const file = await open(path, 'a+', 0o600);
  let ours = false;
  try {
    ours = await flockNow(file.fd);
  } finally {
    if (!ours) await file.close();
  }
  return ours ? { fd: file.fd, [Symbol.asyncDispose]: () => file.close() } : undefined;
}

async function awaitLock(file: FileHandle, { signal, waitSeconds }: LockOptions): Promise<boolean> {
  const result = await runProgram('flock', ['-x', '-w', String(waitSeconds), '-E', '75', '3'], {
    signal,
    lockFd: file.fd,
    packageName: 'util-linux',
    accept: [0, 75],
  });
  return result.exitCode === 0;
}

async function readHolder(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    return (await file.readFile('utf8')).trim() || 'unknown';
  } finally {
    await file.close();
  }
}
