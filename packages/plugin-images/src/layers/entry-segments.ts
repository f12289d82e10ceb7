import { archiveError, showName } from '../unpack/archive-error.ts';

/** Bytes of a file's name. */
export const MAX_NAME = 255;
const MAX_PATH = 4095;

/**
 * An entry's name as the segments of a path below the root; none for the root itself. A leading slash means the root of
 * the image. @throws when it leads above it or cannot be a name on Linux
 */
export function entrySegments(name: string, what = 'Entry'): string[] {
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw archiveError(`${what} ${showName(name)} leads out of the archive with '..'.`);
  if (name.includes('\0')) throw archiveError(`${what} ${showName(name)} has a NUL in its name.`);
  if (name.length > MAX_PATH || segments.some((segment) => segment.length > MAX_NAME)) {
    throw archiveError(`${what} ${showName(name)} has a name that is too long.`);
  }
  return segments;
}
