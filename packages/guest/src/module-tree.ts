import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { OPTIONAL_MODULES } from './guest-modules.ts';
import { InitramfsError } from './initramfs-error.ts';
import { normalizeModuleName, readModuleInfo } from './modinfo.ts';

/** A module ready to be loaded. */
export interface KernelModule {
  readonly name: string;
  /** The ELF object, unpacked. */
  readonly bytes: Buffer;
  /** Of the kernel that it was built for, as `uname -r` says it; undefined when it does not tell. */
  readonly release: string | undefined;
}

const MAX_MODULE = 2 ** 28;
const MODULE_FILE = /^(?<name>.+)\.ko(?<packed>\.gz|\.xz|\.zst)?$/;

/**
 * Reads the wanted modules and all that they depend on, dependencies first. Dependencies are read from the modules
 * themselves, since a kernel package that was only unpacked has no `modules.dep`. What is built in is skipped, and so is
 * what a kernel may do without.
 * @throws InitramfsError naming a module that is neither there nor built in.
 */
export async function readModules(modulesDir: string, wanted: readonly string[]): Promise<KernelModule[]> {
  const files = await findModuleFiles(modulesDir);
  const builtIn = await readBuiltIn(modulesDir);
  const ordered = new Map<string, KernelModule>();
  const visiting = new Set<string>();

  const visit = async (name: string, neededBy: string | undefined): Promise<void> => {
    if (ordered.has(name) || builtIn.has(name) || visiting.has(name)) return;
    const path = files.get(name);
    if (path === undefined) {
      if (neededBy === undefined && OPTIONAL_MODULES.includes(name)) return;
      throw new InitramfsError(
        `The kernel has no module '${name}'${neededBy === undefined ? '' : ` (needed by '${neededBy}')`}.`,
        { hint: `Use a kernel whose modules in ${modulesDir} include it, or that has it built in.` },
      );
    }
    visiting.add(name);
    const bytes = await readModule(path);
    const { depends, release } = readModuleInfo(bytes, path);
    for (const dependency of depends) await visit(dependency, name);
    ordered.set(name, { name, bytes, release });
  };
  for (const name of wanted) await visit(normalizeModuleName(name), undefined);
  return [...ordered.values()];
}

/** Those of the names that the kernel has neither as a module nor built in, and needs. */
export async function missingModules(modulesDir: string, names: readonly string[]): Promise<string[]> {
  const files = await findModuleFiles(modulesDir);
  const builtIn = await readBuiltIn(modulesDir);
  const there = (name: string) => files.has(name) || builtIn.has(name) || OPTIONAL_MODULES.includes(name);
  return names.map(normalizeModuleName).filter((name) => !there(name));
}

async function findModuleFiles(modulesDir: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const entries = await readdir(join(modulesDir, 'kernel'), { recursive: true }).catch((cause: unknown) => {
    throw new InitramfsError(`The kernel's modules cannot be read in ${modulesDir}.`, { cause });
  });
  for (const entry of entries.sort()) {
    const name = MODULE_FILE.exec(basename(entry))?.groups?.name;
    if (name !== undefined) files.set(normalizeModuleName(name), join(modulesDir, 'kernel', entry));
  }
  return files;
}

async function readBuiltIn(modulesDir: string): Promise<Set<string>> {
  const list = await readFile(join(modulesDir, 'modules.builtin'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const names = list.split('\n').map((line) => MODULE_FILE.exec(basename(line))?.groups?.name);
  return new Set(names.filter((name) => name !== undefined).map(normalizeModuleName));
}

async function readModule(path: string): Promise<Buffer> {
  const bytes = await readFile(path);
  if (path.endsWith('.gz')) return gunzipSync(bytes);
  if (path.endsWith('.zst')) return zstdDecompressSync(bytes);
  return path.endsWith('.xz') ? unxz(path) : bytes;
}

/** Node has no xz of its own. */
async function unxz(path: string): Promise<Buffer> {
  try {
    const { stdout } = await promisify(execFile)('xz', ['-dcq', '--', path], {
      encoding: 'buffer',
      maxBuffer: MAX_MODULE,
    });
    return stdout;
  } catch (cause) {
    throw new InitramfsError(`${path} cannot be unpacked: ${(cause as Error).message.trim()}.`, {
      hint: "Install the program 'xz' (on Debian: xz-utils), or unpack the modules with it.",
      cause,
    });
  }
}
