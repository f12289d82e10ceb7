import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NookError } from '@nook/daemonapi';

/** Writes files into a folder that is new or empty, all of them or none. @throws NookError `already_exists`, `unavailable` */
export async function writePackage(dir: string, files: ReadonlyMap<string, string>): Promise<void> {
  let staged: string | undefined;
  try {
    await mkdir(dirname(dir), { recursive: true });
    staged = await mkdtemp(`${dir}.new-`);
    const root = join(staged, 'package');
    for (const [path, text] of files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    await rename(root, dir);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) {
      throw new NookError('already_exists', `'${dir}' is there already, and is not an empty folder.`, {
        hint: 'Choose another one with --dir.',
      });
    }
    const reason = (error as Error).message;
    throw new NookError('unavailable', `'${dir}' cannot be written: ${reason}`, { cause: error });
  } finally {
    if (staged !== undefined) await rm(staged, { recursive: true, force: true });
  }
}
