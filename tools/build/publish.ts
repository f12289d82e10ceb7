import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A program that was started before a build may still load its parts this long after. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

/** Writes files into `dir`, each in one step and in their order, then removes parts of builds long past. */
export async function publish(dir: string, files: ReadonlyMap<string, Uint8Array | string>): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const [name, data] of files) {
    const temporary = join(dir, `.${name}.${process.pid}`);
    await writeFile(temporary, data);
    await rename(temporary, join(dir, name));
  }
  // Entries for code that is no longer there.
  await rm(join(dir, '.cache'), { recursive: true, force: true });
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (!entry.isFile() || files.has(entry.name)) continue;
    const path = join(dir, entry.name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > KEEP_MS) await rm(path, { force: true });
  }
}
