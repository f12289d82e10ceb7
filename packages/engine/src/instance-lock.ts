import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dirs, NookError } from '@nook/daemonapi';
import { type FileLock, lockFile, untilAnswered } from '@nook/wire';

const WAIT_MS = 30_000;

export type Instance = { readonly lock: FileLock } | { readonly runningPid: number };

/**
 * Makes this the one daemon of its run directory, or finds the one there is. A daemon that holds the lock and does not
 * answer is starting or stopping: whichever it is, it is waited for until it answers or lets go.
 * @throws NookError `timeout` when it does neither
 */
export async function becomeInstance(dirs: Dirs, waitMs = WAIT_MS): Promise<Instance> {
  const path = lockPath(dirs);
  const lock = await lockFile(path, { waitMs: 0 });
  if (lock !== undefined) return { lock };
  const stop = new AbortController();
  try {
    const answered = untilAnswered(dirs, stop.signal);
    const waited = lockFile(path, { waitMs, signal: stop.signal });
    const first = await Promise.race([answered, waited]);
    if (typeof first === 'number') {
      // Should the other one have let go in this very moment, the lock must not stay.
      void waited.then((late) => late?.release());
      return { runningPid: first };
    }
    if (first !== undefined) return { lock: first };
    throw new NookError('timeout', `Another nookd holds '${path}' and did not answer in ${waitMs / 1000} s.`, {
      hint: `Find it with: fuser -v '${path}'`,
    });
  } finally {
    stop.abort();
  }
}

/**
 * Writes the pid into the lock file once the socket answers. Daemons that wait watch the directory: that the socket
 * appears is not news enough for them, since between its making and its first answer a connect is refused.
 */
export function announceInstance(dirs: Dirs): void {
  writeFileSync(lockPath(dirs), `${process.pid}\n`);
}

function lockPath(dirs: Dirs): string {
  return join(dirs.run, 'nookd.lock');
}
