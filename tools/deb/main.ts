// main.ts [--version V] [--out DIR]: a Debian package, and a tarball of the same for other systems; into dist/.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { makeDeb } from './deb.ts';
import { stage } from './stage.ts';

const root = resolve(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { version: { type: 'string' }, out: { type: 'string' } } });
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string };
const version = values.version ?? manifest.version;
const out = resolve(process.env.INIT_CWD ?? process.cwd(), values.out ?? join(root, 'dist'));

await mkdir(out, { recursive: true });
const scratch = await mkdtemp(join(out, '.stage-'));
try {
  const lib = join(scratch, `nook-${version}`);
  await stage({ root, to: lib, version });
  await cp(join(root, 'LICENSE'), join(lib, 'LICENSE'));
  const archive = join(out, `nook-${version}-linux-x64.tar.xz`);
  const tar = ['--owner=0', '--group=0', '--sort=name', '-C', scratch, '-cf', archive, `nook-${version}`];
  const [deb] = await Promise.all([
    makeDeb({ root, lib, tree: join(scratch, 'deb'), version, out }),
    promisify(execFile)('tar', ['-I', 'xz -1', ...tar]),
  ]);
  for (const file of [deb, archive]) console.log(relative(process.cwd(), file));
} finally {
  await rm(scratch, { recursive: true, force: true });
}
