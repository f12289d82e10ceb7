import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { commitOf } from './commit.ts';
import { compileCacheStub } from './compile-cache-stub.ts';
import { nativePackages } from './native-packages.ts';
import { type Program, programs } from './programs.ts';
import { publish } from './publish.ts';

const root = join(import.meta.dirname, '../..');
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
const buildInfo = { version, commit: await commitOf(root), build_time: new Date().toISOString() };

/** CommonJS packages inside an ES module expect a `require`. */
const banner = `import { createRequire as __nookCreateRequire } from 'node:module';
const require = __nookCreateRequire(import.meta.url);`;

async function bundle(program: Program): Promise<Map<string, Uint8Array | string>> {
  const main = `${program.name}-main`;
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: program.entry, out: main }],
    outdir: 'dist',
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
    plugins: [nativePackages()],
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'error',
  });
  const files = new Map<string, Uint8Array | string>();
  let entry = '';
  for (const file of outputFiles) {
    const path = file.path.slice(join(root, 'dist').length + 1);
    files.set(path, file.contents);
    if (path.startsWith(`${main}-`) && path.endsWith('.mjs')) entry = path;
  }
  // Last in the map and so last on the disk: it names the files before it.
  files.set(program.file, compileCacheStub(entry));
  return files;
}

/** All of them before anything is written: programs of different builds never stand side by side. */
const bundles = await Promise.all(
  (await programs(root)).map(async (program) => {
    try {
      return { program, files: await bundle(program) };
    } catch (error) {
      // esbuild has printed where and what.
      console.error(`${program.name} cannot be built: ${(error as Error).message}`);
      process.exit(1);
    }
  }),
);
await publish(join(root, 'dist'), new Map(bundles.flatMap(({ files }) => [...files])));
for (const { program, files } of bundles) {
  const size = [...files].reduce((sum, [path, data]) => sum + (path.endsWith('.map') ? 0 : data.length), 0);
  console.log(`dist/${program.file}  ${Math.round(size / 1024)} KiB in ${files.size} files`);
}
