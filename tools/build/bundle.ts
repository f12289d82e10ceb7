import { relative } from 'node:path';
import { build } from 'esbuild';
import { compileCacheStub } from './compile-cache-stub.ts';
import { embeddedTemplate } from './embedded-template.ts';
import { engineModules } from './engine-modules.ts';
import { nativePackages } from './native-packages.ts';
import type { Program } from './programs.ts';

export interface BundleOptions {
  /** The checkout. */
  readonly root: string;
  /** Absolute path of the folder that the bundle is for. */
  readonly out: string;
  /** What the programs say of themselves. */
  readonly buildInfo: object;
}

/** CommonJS packages inside an ES module expect a `require`. */
const banner = `import { createRequire as __nookCreateRequire } from 'node:module';
const require = __nookCreateRequire(import.meta.url);`;

/** @returns the files of one program by name, those that name others after them */
export async function bundle(program: Program, options: BundleOptions): Promise<Map<string, Uint8Array | string>> {
  const { root, out, buildInfo } = options;
  const modules = new Map<string, Program>();
  const main = `${program.name}-main`;
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: program.entry, out: main }],
    outdir: out,
    outExtension: { '.js': '.mjs' },
    chunkNames: `${program.name}-[name]-[hash]`,
    entryNames: '[name]-[hash]',
    bundle: true,
    splitting: program.splitting,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: banner },
    define: { __NOOK_BUILD__: JSON.stringify(buildInfo) },
    plugins: [nativePackages(out), embeddedTemplate(), engineModules((module) => modules.set(module.name, module))],
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'error',
  });
  const files = new Map<string, Uint8Array | string>();
  for (const module of modules.values()) {
    for (const [path, data] of await bundle(module, options)) files.set(path, data);
  }
  let entry = '';
  for (const file of outputFiles) {
    const path = relative(out, file.path);
    files.set(path, file.contents);
    if (path.startsWith(`${main}-`) && path.endsWith('.mjs')) entry = path;
  }
  files.set(program.file, program.module ? `export * from './${entry}';\n` : compileCacheStub(entry));
  return files;
}
