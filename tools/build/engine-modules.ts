import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, extname } from 'node:path';
import type { Loader, Plugin } from 'esbuild';
import type { Program } from './programs.ts';

/** `import.meta.resolve('@nook/plugin-vm/qemu-engine')`: a module that another process is to load. */
const RESOLVED = /import\.meta\.resolve\(\s*(['"])([^'"]+)\1\s*\)/g;
const LOADERS: Readonly<Record<string, Loader>> = { '.ts': 'ts', '.mts': 'ts' };

/**
 * A bundle has no packages to resolve: a module that is named for another process becomes a bundle of its own beside
 * it, and the name that of its file.
 * @param found is told of each
 */
export function engineModules(found: (module: Program) => void): Plugin {
  return {
    name: 'engine-modules',
    setup(build) {
      build.onLoad({ filter: /\.m?[jt]s$/, namespace: 'file' }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        if (!source.includes('import.meta.resolve')) return undefined;
        const contents = source.replaceAll(RESOLVED, (_whole, _quote, specifier: string) => {
          const module = moduleAt(createRequire(path).resolve(specifier));
          found(module);
          return `new URL('./${module.file}', import.meta.url).href`;
        });
        return { contents, loader: LOADERS[extname(path)] ?? 'js' };
      });
    },
  };
}

function moduleAt(entry: string): Program {
  const place = createHash('sha256').update(entry).digest('hex').slice(0, 8);
  const name = `${basename(entry, extname(entry))}-${place}`;
  return { name, file: `${name}.mjs`, entry, splitting: false, module: true };
}
