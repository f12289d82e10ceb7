import { NookError } from '@nook/daemonapi';

/** <sys/file.h>, <errno.h> */
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

let loaded: ReturnType<typeof load> | undefined;

/**
 * Locks an open file without waiting: flock(2). In this process, since a daemon that starts a program copies its page
 * tables, and answers nobody meanwhile.
 * @returns whether it is ours now
 * @throws NookError `operation_failed`: a file system without locks
 */
export async function flockNow(fd: number): Promise<boolean> {
  loaded ??= load();
  const { flock, errno } = await loaded;
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const why = errno();
  if (why === EWOULDBLOCK) return false;
  throw new NookError('operation_failed', `A file cannot be locked: errno ${why}.`, {
    hint: 'Keep the store on a file system that has flock(2).',
  });
}

/** It takes 25 ms on slow hosts, and not every process that has this module locks files. */
async function load() {
  const { default: koffi } = await import('koffi');
  const flock = koffi.load(null).func('int flock(int, int)') as (fd: number, operation: number) => number;
  return { flock, errno: () => koffi.errno() };
}
