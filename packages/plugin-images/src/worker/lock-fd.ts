/** Where a worker has the lock of its work: programs that it runs hold it too. */
export const LOCK_FD = 3;
