import { copyFile, stat, utimes } from 'node:fs/promises';

/**
 * Copies an index, and its age: git looks again at files that are not older than their index, since they may have changed
 * in the same moment. Rounded to what is earlier, so that it looks at more, and not at fewer.
 * @returns false when there is none
 */
export async function copyIndex(from: string, to: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(from);
    await copyFile(from, to);
    const seconds = Math.floor(mtimeMs / 1000);
    await utimes(to, seconds, seconds);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
}
