import { archiveError, showName } from './archive-error.ts';
import type { TarEntry } from './tar-reader.ts';

/** The device nodes that root file systems come with. They give no access to anything of the machine. */
const KNOWN: Readonly<Record<string, readonly [number, number]>> = {
  'dev/null': [1, 3],
  'dev/zero': [1, 5],
  'dev/full': [1, 7],
  'dev/random': [1, 8],
  'dev/urandom': [1, 9],
  'dev/tty': [5, 0],
  'dev/console': [5, 1],
  'dev/ptmx': [5, 2],
};

/** Checks a device node and answers its number as stat(2) tells it. */
export function deviceNumber(entry: TarEntry, path: string): number {
  const known = KNOWN[path];
  if (entry.type !== 'character' || known === undefined || known[0] !== entry.major || known[1] !== entry.minor) {
    throw archiveError(
      `Entry ${showName(entry.name)} is a device node (${entry.type} ${entry.major}:${entry.minor}).`,
      'The guest makes its own devices. Leave them out: tar -C ROOT --exclude=./dev/* -cf root.tar .',
    );
  }
  return entry.major * 256 + entry.minor;
}
