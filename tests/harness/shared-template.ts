import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Home } from './home.ts';

/** More than this are of builds that are gone. */
const KEPT = 8;

/**
 * Gives a home the template of the machines that `busyboxVm` makes, which is made once and then shared: its files must
 * stay the same ones, so that homes have links to its folder.
 * @param shared a folder on the file system of the home
 */
export async function giveTemplate(home: Home, shared: string): Promise<void> {
  const own = join(home.dir, 'cache/templates');
  for (const dir of [shared, own]) await mkdir(dir, { recursive: true, mode: 0o700 });
  const known = await readdir(shared);
  for (const key of known) await symlink(join(shared, key), join(own, key));
  await home.ok('image', 'warm', 'busybox', '--memory', '256M');
  const made = (await readdir(own)).filter((key) => !known.includes(key));
  if (made.length > 0 && known.length >= KEPT) {
    for (const key of known) await rm(join(shared, key), { recursive: true, force: true });
  }
  for (const key of made) await handOver(join(own, key), join(shared, key));
}

async function handOver(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // It stays this home's own: somebody else was faster, or the other folder is on another file system.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EXDEV') return;
    throw error;
  }
  await symlink(to, from);
}
