import { isNookError, NookError } from '@nook/daemonapi';
import { abortError, errors, isNoSpace } from '../errors.ts';

/** Gives the failures that a build may meet their own codes and hints. `root` is the store's directory. */
export function explainFailure(error: unknown, root: string, signal: AbortSignal): unknown {
  if (signal.aborted) return abortError(signal);
  const message = error instanceof Error ? error.message : '';
  if (isNoSpace(error) || /No space left on|not enough free space|Disk quota exceeded/i.test(message)) {
    return errors.noSpace(root, error);
  }
  if (/Could not allocate (block|inode)/i.test(message)) {
    return new NookError('bad_request', 'The files do not fit the size of the disk.', {
      hint: 'Raise [images] size in config.toml.',
      cause: error,
    });
  }
  if (isNookError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EROFS' || code === 'EACCES') {
    return new NookError('unavailable', `The store in ${root} may not be written: ${message}.`, {
      hint: 'Make it writable, or use another with NOOK_STORE or [images] store.',
      cause: error,
    });
  }
  return error;
}
