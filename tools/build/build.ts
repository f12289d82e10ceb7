// build.ts                          the programs of nook, into dist/
// build.ts [--out DIR] FILE...      entry files of one's own, with all that they start; into dist/custom
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.ts';
import { commitOf } from './commit.ts';
import { customPrograms } from './custom-programs.ts';
import { copyGuest } from './guest.ts';
import { programs } from './programs.ts';
import { publish } from './publish.ts';

const root = join(import.meta.dirname, '../..');
const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string' } } });
// npm runs this at the root, wherever it was called from.
const cwd = process.env.INIT_CWD ?? process.cwd();
const custom = positionals.length > 0;
const out = values.out === undefined ? join(root, custom ? 'dist/custom' : 'dist') : resolve(cwd, values.out);

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
const buildInfo = { version, commit: await commitOf(root), build_time: new Date().toISOString() };
const wanted = custom ? await customPrograms(positionals.map((file) => resolve(cwd, file))) : await programs(root);

/** All of them before anything is written: programs of different builds never stand side by side. */
const bundles = await Promise.all(
  wanted.map(async (program) => {
    try {
      return { program, files: await bundle(program, { root, out, buildInfo }) };
    } catch (error) {
      // esbuild has printed where and what.
      console.error(`${program.name} cannot be built: ${(error as Error).message}`);
      process.exit(1);
    }
  }),
);
await publish(out, new Map(bundles.flatMap(({ files }) => [...files])));
if (custom) await copyGuest(out, wanted);
for (const { program, files } of bundles) {
  const size = [...files].reduce((sum, [path, data]) => sum + (path.endsWith('.map') ? 0 : data.length), 0);
  const file = relative(cwd, join(out, program.file));
  console.log(`${file}  ${Math.round(size / 1024)} KiB in ${files.size} files`);
}
