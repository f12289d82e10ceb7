import { chmod, open } from 'node:fs/promises';
import { isNookError, NookError } from '@nook/daemonapi';
import { runBounded } from '../processes/run-bounded.ts';
import { readSuperblock, SUPERBLOCK_AT, SUPERBLOCK_SIZE } from './superblock.ts';

interface CheckOptions {
  readonly signal: AbortSignal;
  readonly lockFd?: number;
  /** Whether the disk is ours: then what its journal holds is brought into it first. */
  readonly mend: boolean;
}

const HINT = 'Look at it, and repair a copy: e2fsck -f DISK';

/**
 * Looks whether a raw disk that somebody made is one sound ext4, before any kernel mounts it.
 * @returns bytes of the disk
 * @throws NookError `bad_request` when it is not
 */
export async function checkDisk(path: string, { signal, lockFd, mend }: CheckOptions): Promise<number> {
  await using file = await open(path);
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(SUPERBLOCK_SIZE), { position: SUPERBLOCK_AT });
  const { needsRecovery } = readSuperblock(buffer.subarray(0, bytesRead), size);
  const options = { signal, ...(lockFd === undefined ? {} : { lockFd }), packageName: 'e2fsprogs', fileBytes: size };
  if (needsRecovery && !mend) {
    throw new NookError('bad_request', 'The ext4 on the disk was not unmounted, or is in use.', {
      hint: 'Stop what uses it, then: e2fsck -p DISK',
    });
  }
  try {
    if (needsRecovery) await runBounded('e2fsck', ['-p', path], { ...options, accept: [0, 1] });
    await runBounded('e2fsck', ['-fn', path], options);
  } catch (error) {
    if (signal.aborted || !isNookError(error) || error.code !== 'operation_failed') throw error;
    throw new NookError('bad_request', `The ext4 on the disk is damaged: ${error.message}`, {
      hint: HINT,
      cause: error,
    });
  }
  if (mend) await chmod(path, 0o400);
  return size;
}
