import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open } from 'node:fs/promises';
import { NookError } from '@nook/daemonapi';

const MAX_BYTES = 16 * 2 ** 20;

/**
 * Makes a directory of root's, or finds that it is one: no link, and nobody else writes to it.
 * @throws NookError `unavailable` when it is something else
 */
export async function ownDirectory(path: string, mode: number): Promise<void> {
  await mkdir(path, { mode }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== process.geteuid?.() || (found.mode & 0o022) !== 0) {
    throw new NookError('unavailable', `'${path}' is not a directory that only root writes to.`, {
      hint: 'Remove it, and install the helper again.',
    });
  }
  await chmod(path, mode);
}

/**
 * Reads a file of root's in such a directory; never through a link.
 * @returns undefined when there is none
 * @throws NookError `unavailable` when it is a link, not root's, or writable for others
 */
export async function readOwnFile(path: string): Promise<string | undefined> {
  const refuse = (why: string, cause?: unknown) =>
    new NookError('unavailable', `'${path}' is not used: ${why}.`, { cause });
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error.code === 'ELOOP' ? refuse('it is a link', error) : error;
  });
  if (file === undefined) return undefined;
  try {
    const found = await file.stat();
    const { uid, mode, size, nlink } = found;
    if (!found.isFile()) throw refuse('it is no file');
    if (uid !== process.geteuid?.() || (mode & 0o022) !== 0 || nlink !== 1) throw refuse('others may have written it');
    if (size > MAX_BYTES) throw refuse('it is too long');
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
