import { archiveError, showName } from './archive-error.ts';

const MAX_NAME = 255;
/** Leaves room for whatever is in front of it, below the kernel's limit of 4096. */
const MAX_PATH = 3072;

/** An entry's name as a path below the root: `usr/bin/env`, or `` for the root itself. @throws when it leads outside */
export function entryPath(name: string, what = 'Entry'): string {
  if (name.startsWith('/')) {
    throw archiveError(
      `${what} ${showName(name)} is an absolute path.`,
      'Make the archive without -P (--absolute-names): tar -C ROOT -cf root.tar .',
    );
  }
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw archiveError(`${what} ${showName(name)} leads out of the archive with '..'.`);
  if (name.includes('\0')) throw archiveError(`${what} ${showName(name)} has a NUL in its name.`);
  const path = segments.join('/');
  if (path.length > MAX_PATH || segments.some((segment) => segment.length > MAX_NAME)) {
    throw archiveError(`${what} ${showName(name)} has a name that is too long.`);
  }
  return path;
}
