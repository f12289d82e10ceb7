import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { NookError } from '@nook/daemonapi';

const OWNER_ALL = 0o700;
const OWNER_READ = 0o400;

/**
 * Makes a tree that comes from a guest one that git can read and takes for files alone: no `.git` of its own below it, and
 * nothing that its owner may not read.
 */
export async function tameTree(folder: Buffer | string): Promise<void> {
  const place = Buffer.from(folder);
  if (!(await lstat(place)).isDirectory()) throw new NookError('conflict', 'What is in the VM is no folder any more.');
  await allow(place, OWNER_ALL);
  for (const entry of await readdir(place, { withFileTypes: true, encoding: 'buffer' })) {
    const name = Buffer.from(entry.name);
    const path = Buffer.concat([place, Buffer.from('/'), name]);
    if (name.equals(DOT_GIT)) await rm(path, { recursive: true, force: true });
    else if (entry.isDirectory()) await tameTree(path);
    else if (entry.isFile()) await allow(path, OWNER_READ);
  }
}

const DOT_GIT = Buffer.from('.git');

async function allow(path: Buffer, bits: number): Promise<void> {
  const { mode } = await lstat(path);
  if ((mode & bits) !== bits) await chmod(path, (mode & 0o777) | bits);
}
