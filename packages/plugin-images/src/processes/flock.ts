import { NookError } from '@nook/daemonapi';
import koffi from 'koffi';

/** <sys/file.h>, <errno.h> */
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

type Flock = (fd: number, operation: number) => number;

let loaded: Flock | undefined;

/**
 * Locks an open file without waiting: flock(2). In this process, since a daemon that starts a program copies its page
 * tables, and answers nobody meanwhile.
 * @returns whether it is ours now
 * @throws NookError `operation_failed`: a file system without locks
 */
export function flockNow(fd: number): boolean {
  loaded ??= koffi.load(null).func('int flock(int, int)') as Flock;
  if (loaded(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const errno = koffi.errno();
  if (errno === EWOULDBLOCK) return false;
  throw new NookError('operation_failed', `A file cannot be locked: errno ${errno}.`, {
    hint: 'Keep the store on a file system that has flock(2).',
  });
}
