import { closeSync } from 'node:fs';
import { NookError } from '@nook/daemonapi';

/** Of x86-64: arch/x86/entry/syscalls/syscall_64.tbl */
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;

/**
 * A descriptor of another process of this user, as one of this process: pidfd_getfd(2). It is closed on exec.
 * @throws NookError `operation_failed`
 */
export type CopyDescriptor = (pid: number, fd: number) => number;

/** It takes 25 ms on slow hosts, and most vmhosts have no use for it. */
export async function loadCopyDescriptor(): Promise<CopyDescriptor> {
  const { default: koffi } = await import('koffi');
  const syscall = koffi.load(null).func('long syscall(long, long, long, long)');
  return (pid, fd) => {
    const pidfd = Number(syscall(PIDFD_OPEN, pid, 0, 0));
    if (pidfd < 0) throw refused(`process ${pid} is gone`);
    const copy = Number(syscall(PIDFD_GETFD, pidfd, fd, 0));
    const reason = copy < 0 ? `errno ${koffi.errno()}` : '';
    closeSync(pidfd);
    if (copy < 0) throw refused(reason);
    return copy;
  };
}

function refused(why: string): NookError {
  return new NookError('operation_failed', `The descriptor of another process cannot be had: ${why}.`);
}
