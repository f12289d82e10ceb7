import { NookError } from '@nook/daemonapi';

const HINTS: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'Free some space on the disk.',
  SQLITE_READONLY: 'Make the state directory writable.',
  SQLITE_BUSY: 'Another process holds the database; try again.',
  SQLITE_LOCKED: 'Another process holds the database; try again.',
  SQLITE_IOERR: 'Look at the disk: reading or writing failed.',
  SQLITE_CANTOPEN: 'Make the state directory readable and writable.',
  SQLITE_CORRUPT: 'Restore the file from a backup, or move it away to begin with an empty one.',
  SQLITE_NOTADB: 'Restore the file from a backup, or move it away to begin with an empty one.',
};

/** Runs `work`; what is the database's fault, not the statement's, becomes `unavailable` with a hint. */
export function mapSqliteErrors<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = (error as { code?: unknown } | undefined)?.code;
    const hint = typeof code === 'string' ? HINTS[code.split('_', 2).join('_')] : undefined;
    if (hint === undefined) throw error;
    throw new NookError('unavailable', `The store '${path}' failed: ${(error as Error).message} (${code}).`, {
      hint,
      cause: error,
    });
  }
}
