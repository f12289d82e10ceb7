import { randomUUID } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import { type ImageSource, NookError, type ResolvedImage } from '@nook/daemonapi';
import type { BundledImage } from '../bundle/bundle.ts';
import { formatByteSize } from '../byte-size.ts';
import { makeDisk } from '../disk/make-disk.ts';
import type { Inspected } from '../worker/jobs.ts';
import { runJob } from '../worker/run-job.ts';
import { digestOf } from './digest-of.ts';

const SCHEME = 'file';

interface ImportedFile extends ResolvedImage {
  readonly path: string;
  readonly folder: boolean;
  /** A container image, a disk, or else a root file system. */
  readonly found: Inspected;
}

/** How a path is written as a reference: `file:/PATH`, or `file:REF:/PATH` for one of the images in it. */
export function fileReference(path: string, ref?: string): string {
  return `${SCHEME}:${ref === undefined ? '' : `${ref}:`}${path}`;
}

/**
 * What lies on the host: a root file system as a tar or a folder, or a container image as an OCI layout (a folder, or a
 * tar of it) or an archive of `docker save`, or a disk (raw or qcow2). Tars may be packed with gzip, zstd or xz. Which it
 * is, its content tells.
 */
export function fileSource(maxBytes: number): ImageSource {
  return {
    name: 'file',
    schemes: [SCHEME],
    async resolve(reference, { signal, lockFd, directory, progress }): Promise<ImportedFile> {
      const { ref, path } = parse(reference);
      signal.throwIfAborted();
      const stats = await look(path);
      const folder = stats.isDirectory();
      const source = `import ${basename(path)}`;
      const job = {
        job: 'inspect' as const,
        path,
        directory,
        max_bytes: maxBytes,
        ...(ref === undefined ? {} : { ref }),
      };
      const found = await runJob(job, { signal, lockFd, progress });
      if (found.kind === 'image') {
        checkPacked(found, maxBytes, basename(path));
        const name = ref ?? found.names[0];
        const named = name === undefined ? source : `${source} (${name})`;
        return { digest: found.digest, source: named, path, folder, found };
      }
      if (folder) {
        await requireApart(path, directory);
        // Nothing short of reading it all tells whether a folder is what it was.
        return { digest: digestOf('folder', randomUUID()), source, path, folder, found };
      }
      const { dev, ino, size, mtimeNs, ctimeNs } = stats;
      // Whoever writes to a file moves its times: reading gigabytes would tell nothing more.
      const digest = digestOf('file', ...[dev, ino, size, mtimeNs, ctimeNs].map(String));
      return { digest, source, path, folder, found };
    },
    async fetch({ path, folder, found }: ImportedFile, work) {
      work.signal.throwIfAborted();
      if (found.kind === 'disk') return { disk: await makeDisk(path, found.disk, { work, maxBytes }) };
      if (found.kind === 'image') {
        const layers = found.layers.map(({ file, ...layer }) => ({ tar: file, ...layer }));
        return { layers, config: found.config };
      }
      return folder ? { program: 'tar', args: ['-C', path, ...AS_IT_IS, '-cf', '-', '.'] } : { tar: path };
    },
  };
}

function parse(reference: string): { readonly path: string; readonly ref: string | undefined } {
  const text = reference.slice(SCHEME.length + 1);
  const colon = isAbsolute(text) ? -1 : text.indexOf(':/');
  const path = text.slice(colon + 1);
  if (!isAbsolute(path) || path.includes('\0')) {
    throw new NookError('bad_params', `The path '${path}' is not absolute.`);
  }
  return { path, ref: colon === -1 ? undefined : text.slice(0, colon) };
}

function checkPacked({ layers }: BundledImage, maxBytes: number, what: string): void {
  const total = layers.reduce((sum, { length }) => sum + length, 0);
  if (total <= maxBytes) return;
  throw new NookError('bad_request', `${what} has ${formatByteSize(total)} of packed layers.`, {
    hint: 'Raise [images] max_import_bytes and size in config.toml.',
  });
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
