import { getSystemErrorMap } from 'node:util';
import { NookError } from '@nook/daemonapi';
import { printable } from '../printable.ts';

interface SystemError extends Error {
  readonly errno?: number;
  readonly code?: string;
}

export function isSystemError(error: unknown, code?: string): error is SystemError {
  if (!(error instanceof Error) || typeof (error as SystemError).errno !== 'number') return false;
  return code === undefined || (error as SystemError).code === code;
}

/** Says what cannot be done with which file. Errors of the system name a descriptor's path, which helps nobody. */
export function fileError(path: string | Buffer, what: string, cause: unknown): unknown {
  if (!isSystemError(cause)) return cause;
  const reason = getSystemErrorMap().get(cause.errno ?? 0)?.[1] ?? cause.code;
  const code = cause.code === 'ENOENT' ? 'not_found' : 'operation_failed';
  return new NookError(code, `${printable(path)} ${what}: ${reason}.`, { cause });
}
