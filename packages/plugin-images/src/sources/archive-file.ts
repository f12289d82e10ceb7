import { open } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { NO_CONFIG, type Recipe } from './recipe.ts';

/** A root file system's tar in a file, plain or compressed by gzip, zstd or xz. */
export async function archiveFile(path: string, maxBytes: number): Promise<Recipe> {
  if (!isAbsolute(path)) throw new NookError('bad_params', `The path '${path}' is not absolute.`);
  try {
    const file = await open(path, 'r');
    const stats = await file.stat();
    await file.close();
    if (!stats.isFile()) throw new NookError('bad_request', `${path} is not a file.`, { hint: 'Name a tar archive.' });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new NookError('not_found', `There is no file ${path}.`);
    if (code === 'EACCES' || code === 'EPERM') {
      throw new NookError('bad_request', `${path} may not be read by the daemon.`, { cause: error });
    }
    throw error;
  }
  return { source: `import ${basename(path)}`, tar: { file: path }, config: NO_CONFIG, maxBytes };
}
