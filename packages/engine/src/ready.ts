import { closeSync, fstatSync, writeSync } from 'node:fs';
import { isNookError } from '@nook/daemonapi';

type Announcement =
  | { readonly ready: true; readonly pid: number }
  | { readonly error: { readonly code: string; readonly message: string; readonly hint?: string } };

/**
 * Takes the descriptor in `NOOK_READY_FD`, on which whoever started this process waits for one line.
 * @returns the call that writes that line; only its first call does anything
 */
export function takeReadyFd(env: NodeJS.ProcessEnv): (announcement: Announcement) => void {
  const { NOOK_READY_FD: text, NOOK_READY_FROM: from } = env;
  delete env.NOOK_READY_FD;
  delete env.NOOK_READY_FROM;
  let fd = text !== undefined && /^\d+$/.test(text) && isInherited(Number(text), from) ? Number(text) : undefined;
  return (announcement) => {
    if (fd === undefined) return;
    try {
      writeSync(fd, `${JSON.stringify(announcement)}\n`);
      closeSync(fd);
    } catch {
      // Whoever waited is gone.
    }
    fd = undefined;
  };
}

/**
 * A program in between (tsx is one) hands on its environment, but not the descriptor: under that number stands
 * something of this process's own. Whoever waits then sees for itself that the socket answers.
 */
function isInherited(fd: number, from: string | undefined): boolean {
  if (from !== undefined && Number(from) !== process.ppid) return false;
  try {
    const stats = fstatSync(fd);
    return stats.isFIFO() || stats.isSocket() || stats.isFile();
  } catch {
    return false;
  }
}

export function startError(error: unknown): Announcement {
  const message = error instanceof Error ? error.message : String(error);
  if (!isNookError(error)) return { error: { code: 'internal', message } };
  return { error: { code: error.code, message, ...(error.hint === undefined ? {} : { hint: error.hint }) } };
}
