import { randomUUID } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import { type ImageSource, NookError, type ResolvedImage } from '@nook/daemonapi';
import { digestOf } from './digest-of.ts';

const SCHEME = 'file';

interface ArchiveFile extends ResolvedImage {
  readonly path: string;
  readonly folder: boolean;
}

/** How the path of an archive is written as a reference. */
export function fileReference(path: string): string {
  return `${SCHEME}:${path}`;
}

/** A root file system: its tar in a file, plain or compressed by gzip, zstd or xz, or a folder of the host. */
export function fileSource(): ImageSource {
  return {
    name: 'file',
    schemes: [SCHEME],
    async resolve(reference, { signal, directory }): Promise<ArchiveFile> {
      const path = reference.slice(SCHEME.length + 1);
      if (!isAbsolute(path) || path.includes('\0')) {
        throw new NookError('bad_params', `The path '${path}' is not absolute.`);
      }
      signal.throwIfAborted();
      const stats = await look(path);
      const source = `import ${basename(path)}`;
      if (stats.isDirectory()) {
        await requireApart(path, directory);
        // Nothing short of reading it all tells whether a folder is what it was.
        return { digest: digestOf('folder', randomUUID()), source, path, folder: true };
      }
      const { dev, ino, size, mtimeNs, ctimeNs } = stats;
      // Whoever writes to a file moves its times: reading gigabytes would tell nothing more.
      const digest = digestOf('file', ...[dev, ino, size, mtimeNs, ctimeNs].map(String));
      return { digest, source, path, folder: false };
    },
    async fetch({ path, folder }: ArchiveFile, { signal }) {
      signal.throwIfAborted();
      return folder ? { program: 'tar', args: ['-C', path, ...AS_IT_IS, '-cf', '-', '.'] } : { tar: path };
    },
  };
}

/** Owners, modes, links, times in whole seconds and file capabilities, of this file system alone, in one order. */
const AS_IT_IS = [
  '--format=pax',
  '--pax-option=delete=atime,delete=ctime,delete=mtime',
  '--numeric-owner',
  '--one-file-system',
  '--sort=name',
  '--xattrs',
  '--xattrs-include=security.capability',
];

/** A folder that holds the store would be read while it grows by what is read of it. */
async function requireApart(path: string, directory: string): Promise<void> {
  const [folder, work] = await Promise.all([realpath(path), realpath(directory)]);
  if (!work.startsWith(folder === '/' ? '/' : `${folder}/`)) return;
  throw new NookError('bad_request', `The folder ${path} holds nook's own store.`, {
    hint: 'Make a tar of what the image is to have, without the store: tar --exclude=STORE -C ROOT -cf root.tar .',
  });
}

async function look(path: string): Promise<BigIntStats> {
  try {
    // A named pipe is not waited for.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat({ bigint: true });
    if (stats.isFile() || stats.isDirectory()) return stats;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new NookError('not_found', `There is no file ${path}.`);
    if (code === 'ENAMETOOLONG') throw new NookError('bad_params', 'The path is too long.', { cause: error });
    if (code === 'EACCES' || code === 'EPERM') {
      throw new NookError('bad_request', `${path} may not be read by the daemon.`, { cause: error });
    }
    if (code !== 'ENXIO') throw error;
  }
  throw new NookError('bad_request', `${path} is neither a file nor a folder.`, { hint: 'Name a tar archive.' });
}
