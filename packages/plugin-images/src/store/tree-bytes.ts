import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes that all files below a directory take on the disk. */
export async function treeBytes(directory: string): Promise<number> {
  let sum = 0;
  for (const name of await readdir(directory, { recursive: true }))
    sum += (await lstat(join(directory, name))).blocks * 512;
  return sum;
}
