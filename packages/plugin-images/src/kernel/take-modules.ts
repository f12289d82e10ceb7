import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { formatByteSize } from '../byte-size.ts';

interface Modules {
  /** A folder that has them, or holds `lib/modules/RELEASE` or `RELEASE`; none: all is built in. */
  readonly from: string | undefined;
  /** Becomes `…/lib/modules/RELEASE`; its parent is there. */
  readonly to: string;
  readonly release: string;
  /** What the kernel itself was seen to have built in. */
  readonly builtIn: readonly string[];
  /** What lies in it is moved and not copied. */
  readonly work: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

const MODULE = /\.ko(?:\.gz|\.xz|\.zst)?$/;
const BUILT_IN = 'modules.builtin';

/** Puts a kernel's modules where they are kept: no links of the host, and nothing but modules and what is written about them. */
export async function takeModules(modules: Modules): Promise<void> {
  const { from, to, release, builtIn, work, signal } = modules;
  if (from === undefined) await mkdir(join(to, 'kernel'), { recursive: true, mode: 0o700 });
  else {
    const found = await findModules(from, release);
    if (found.startsWith(work + sep)) await rename(found, to);
    else await copyModules(found, modules);
  }
  signal.throwIfAborted();
  const lines = builtIn.map((name) => `kernel/${name}.ko\n`).join('');
  await writeFile(join(to, BUILT_IN), lines, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function findModules(folder: string, release: string): Promise<string> {
  for (const path of [join(folder, 'lib/modules', release), join(folder, release), folder]) {
    if ((await stat(join(path, 'kernel')).catch(() => undefined))?.isDirectory()) return path;
  }
  throw new NookError('bad_request', `There are no modules of kernel ${release} in ${folder}.`, {
    hint: `Name the folder that 'make modules_install' makes: …/lib/modules/${release}`,
  });
}

async function copyModules(from: string, { to, maxBytes, signal }: Modules): Promise<void> {
  let bytes = 0;
  // Not going through links: 'build' and 'source' lead to the kernel's sources.
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const about = entry.parentPath === from && entry.name.startsWith('modules.');
    if (!entry.isFile() || !(about || MODULE.test(entry.name))) continue;
    signal.throwIfAborted();
    bytes += (await stat(path)).size;
    if (bytes > maxBytes) {
      throw new NookError('bad_request', `The modules in ${from} take more than ${formatByteSize(maxBytes)}.`, {
        hint: 'Raise [images] max_import_bytes in config.toml.',
      });
    }
    const target = join(to, relative(from, path));
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await copyFile(path, target, constants.COPYFILE_FICLONE);
  }
  await mkdir(join(to, 'kernel'), { recursive: true, mode: 0o700 });
}
