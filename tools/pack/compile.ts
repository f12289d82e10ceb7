import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { importsOf } from '../boundaries/imports-of.ts';

interface Places {
  /** The package's folder. */
  readonly from: string;
  /** Gets the compiler's configuration, and the output under `dist`. */
  readonly to: string;
}

/**
 * Compiles a package's sources to JavaScript with type declarations: Node strips no types below node_modules, and a
 * user's compiler would check sources by its own settings. @throws what the compiler said
 */
export async function compile(root: string, { from, to }: Places): Promise<void> {
  await emit(root, { from, to });
  const declarations = globSync('dist/**/*.d.ts', { cwd: to });
  await Promise.all(declarations.map((file) => keepImports(from, join(to, file), file)));
}

/** What the compiler itself makes of a package. @throws what it said */
export async function emit(root: string, { from, to }: Places, more: Readonly<Record<string, unknown>> = {}) {
  const config = join(to, 'tsconfig.json');
  const options = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: join(from, 'src'),
      outDir: join(to, 'dist'),
      typeRoots: [join(root, 'node_modules/@types')],
      ...more,
    },
    include: [join(from, 'src')],
    exclude: ['test', 'fixture'].map((kind) => join(from, `src/**/*.${kind}.ts`)).concat(join(from, 'src/testing')),
  };
  await writeFile(config, JSON.stringify(options));
  try {
    await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', config, '--pretty', 'false']);
  } catch (error) {
    throw new Error(`${from} does not compile:\n${(error as { stdout: string }).stdout}`);
  }
}

/**
 * The compiler drops the imports that a declaration file does not use, and with them what a plugin's contract adds to
 * the maps of daemonapi. What a source imports, its declaration imports as well; and as the JavaScript that there is.
 */
async function keepImports(from: string, path: string, file: string): Promise<void> {
  const name = file.replace(/^dist\//, '').replace(/\.d\.ts$/, '.ts');
  const source = join(from, 'src', name);
  const imported = importsOf(source, await readFile(source, 'utf8')).map(({ specifier }) => specifier);
  const kept = new Set(imported.filter((specifier) => /^(\.|@nook\/)/.test(specifier)));
  const lines = [...kept].map((specifier) => `import '${specifier}';\n`).join('');
  const text = lines + (await readFile(path, 'utf8'));
  await writeFile(path, text.replaceAll(/((?:from|import|import\()\s*['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
}
