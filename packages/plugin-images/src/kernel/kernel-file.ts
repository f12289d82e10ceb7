import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { type ImageWork, type KernelContent, type KernelSource, NookError, type ResolvedKernel } from '@nook/daemonapi';
import { MAX_KERNEL } from './max-kernel.ts';

const SCHEME = 'file';

interface KernelFile extends ResolvedKernel {
  readonly path: string;
}

/** How the path of a kernel is written as a reference. */
export function kernelFileReference(path: string): string {
  return `${SCHEME}:${path}`;
}

/** A bzImage or a vmlinux in a file of the host. */
export function kernelFiles(): KernelSource {
  return {
    name: 'file',
    schemes: [SCHEME],
    async resolve(reference, { signal }): Promise<KernelFile> {
      const path = reference.slice(SCHEME.length + 1);
      if (!isAbsolute(path) || path.includes('\0')) {
        throw new NookError('bad_params', `The path '${path}' is not absolute.`);
      }
      await requireFile(path, 'a kernel');
      return { digest: await digest(path, signal), source: `import ${basename(path)}`, path };
    },
    fetch: (kernel: KernelFile, work) => take(kernel, work),
  };
}

/** It may be written to meanwhile: what is stored is what was hashed. */
async function take({ path, digest: promised }: KernelFile, work: ImageWork): Promise<KernelContent> {
  work.signal.throwIfAborted();
  const image = join(work.directory, 'kernel');
  await copyFile(path, image, constants.COPYFILE_FICLONE);
  if ((await digest(image, work.signal)) === promised) return { image };
  throw new NookError('conflict', `${path} was changed while it was read.`, { hint: 'Try again.' });
}

async function digest(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 2 ** 18 })) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

/**
 * @param what for the sentence of the error: `a kernel`
 * @throws NookError `not_found`, or `bad_request` where it is no file that the daemon can read and keep
 */
export async function requireFile(path: string, what: string): Promise<void> {
  try {
    // A named pipe is not waited for.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) throw new NookError('bad_request', `${path} is not a file.`, { hint: `Name ${what}.` });
    if (stats.size > MAX_KERNEL) {
      throw new NookError('bad_request', `${path} has ${stats.size} bytes, which is too large for ${what}.`);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new NookError('not_found', `There is no file ${path}.`);
    if (code === 'ENAMETOOLONG') throw new NookError('bad_params', 'The path is too long.', { cause: error });
    if (code === 'ENXIO') throw new NookError('bad_request', `${path} is not a file.`, { hint: `Name ${what}.` });
    if (code === 'EACCES' || code === 'EPERM') {
      throw new NookError('bad_request', `${path} may not be read by the daemon.`, { cause: error });
    }
    throw error;
  }
}
