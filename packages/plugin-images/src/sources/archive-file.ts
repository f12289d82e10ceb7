import { type BigIntStats, constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import { type ImageSource, NookError, type ResolvedImage } from '@nook/daemonapi';
import { digestOf } from './digest-of.ts';

const SCHEME = 'file';

interface ArchiveFile extends ResolvedImage {
  readonly path: string;
}

/** How the path of an archive is written as a reference. */
export function fileReference(path: string): string {
  return `${SCHEME}:${path}`;
}

/** A root file system's tar in a file, plain or compressed by gzip, zstd or xz. */
export function fileSource(): ImageSource {
  return {
    name: 'file',
    schemes: [SCHEME],
    async resolve(reference, { signal }): Promise<ArchiveFile> {
      const path = reference.slice(SCHEME.length + 1);
      if (!isAbsolute(path) || path.includes('\0')) {
        throw new NookError('bad_params', `The path '${path}' is not absolute.`);
      }
      signal.throwIfAborted();
      const { dev, ino, size, mtimeNs, ctimeNs } = await look(path);
      // Whoever writes to a file moves its times: reading gigabytes would tell nothing more.
      const digest = digestOf('file', ...[dev, ino, size, mtimeNs, ctimeNs].map(String));
      return { digest, source: `import ${basename(path)}`, path };
    },
    async fetch({ path }: ArchiveFile, { signal }) {
      signal.throwIfAborted();
      return { tar: path };
    },
  };
}

async function look(path: string): Promise<BigIntStats> {
  try {
    // A named pipe is not waited for.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat({ bigint: true });
    if (stats.isFile()) return stats;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new NookError('not_found', `There is no file ${path}.`);
    if (code === 'ENAMETOOLONG') throw new NookError('bad_params', 'The path is too long.', { cause: error });
    if (code === 'EACCES' || code === 'EPERM') {
      throw new NookError('bad_request', `${path} may not be read by the daemon.`, { cause: error });
    }
    if (code !== 'ENXIO') throw error;
  }
  throw new NookError('bad_request', `${path} is not a file.`, { hint: 'Name a tar archive.' });
}
