import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The files of the package that `nook plugin new` writes: path → text. The build puts a module with all of them in the
 * place of this one, so that a bundle needs no folder beside it.
 */
export async function templateFiles(): Promise<Readonly<Record<string, string>>> {
  const dir = fileURLToPath(new URL('../../templates/plugin/', import.meta.url));
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const files = paths.sort().map(async (path) => [path.slice(dir.length), await readFile(path, 'utf8')] as const);
  return Object.fromEntries(await Promise.all(files));
}
