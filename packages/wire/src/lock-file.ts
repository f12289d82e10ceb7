import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { NookError } from '@nook/daemonapi';

/** A held lock. It ends with {@link release}, and with the process in any case. */
export interface FileLock {
  release(): Promise<void>;
}

/** How flock(1) says that the time was up: any number that no other failure of its gives. */
const NOT_TAKEN = 75;

/**
 * Takes an exclusive lock on a file, which is made when missing and never removed. Node has no flock(2), so flock(1)
 * takes it on a descriptor that it inherits: the lock belongs to the open file, which this process keeps.
 * @param options.waitMs how long to wait for another holder; 0 does not wait at all
 * @returns nothing when another process holds it to the end of that time, or the signal was aborted
 * @throws NookError `unavailable` when the file cannot be made or flock(1) is missing
 */
export async function lockFile(
  path: string,
  options: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<FileLock | undefined> {
  // A plain descriptor: a FileHandle that nobody refers to any more would be closed, and the lock with it.
  let fd: number;
  try {
    fd = openSync(path, 'a', 0o600);
  } catch (error) {
    throw new NookError('unavailable', `The lock '${path}' cannot be made: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    const code = await flock(fd, options);
    if (code === 0) return heldLock(fd);
    if (code !== NOT_TAKEN && !options.signal?.aborted) {
      throw new NookError('unavailable', `flock(1) failed on '${path}' with code ${code}.`);
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return undefined;
}

function heldLock(fd: number): FileLock {
  let held = true;
  return {
    async release() {
      if (held) closeSync(fd);
      held = false;
    },
  };
}

function flock(
  fd: number,
  { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<number | null> {
  const wait = waitMs === 0 ? ['-n'] : ['-w', String(waitMs / 1000)];
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-x', '-E', String(NOT_TAKEN), ...wait, '3'], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
    });
    const stop = () => child.kill();
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    child.once('error', (error) => {
      reject(
        new NookError('unavailable', `flock(1) cannot be run: ${error.message}`, {
          hint: "Install the package 'util-linux'.",
          cause: error,
        }),
      );
    });
    child.once('exit', (code) => {
      signal?.removeEventListener('abort', stop);
      resolve(code);
    });
  });
}
