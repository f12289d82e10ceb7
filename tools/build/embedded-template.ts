import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';

/** Puts the files that `nook plugin new` writes into the bundle, in the place of the module that reads them. */
export function embeddedTemplate(): Plugin {
  return {
    name: 'embedded-template',
    setup(build) {
      build.onLoad({ filter: /plugin-template\/template-files\.[jt]s$/ }, async ({ path }) => {
        const dir = join(path, '../../../templates/plugin/');
        const entries = await readdir(dir, { recursive: true, withFileTypes: true });
        const files: Record<string, string> = {};
        for (const entry of entries.filter((entry) => entry.isFile())) {
          const file = join(entry.parentPath, entry.name);
          files[file.slice(dir.length)] = await readFile(file, 'utf8');
        }
        const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
        return { contents: `export const templateFiles = async () => (${JSON.stringify(sorted)});` };
      });
    },
  };
}
