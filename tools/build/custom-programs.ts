import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, extname } from 'node:path';
import { importsOf } from '../boundaries/imports-of.ts';
import type { Program } from './programs.ts';

/** Programs that others start and modules that they load, as packages that an entry file reaches. */
const STARTED: Readonly<Record<string, { readonly specifier: string; readonly module?: boolean }>> = {
  vmhost: { specifier: '@nook/plugin-vm/vmhost' },
  nethost: { specifier: '@nook/plugin-network/nethost' },
  'qemu-engine': { specifier: '@nook/plugin-vm/qemu-engine', module: true },
  'images-worker': { specifier: '@nook/plugin-images/worker' },
};

/**
 * The programs that a folder must hold for these entry files to run from it: they themselves, and what they start. A
 * command line among them starts the daemon called nookd; where none of them is, that is nook's own.
 * @param entries absolute paths of entry files
 */
export async function customPrograms(entries: readonly string[]): Promise<Program[]> {
  const custom = await Promise.all(entries.map(customProgram));
  const names = custom.map(({ name }) => name);
  const commandLine = custom.find(({ splitting }) => splitting);
  const daemon =
    commandLine && !names.includes('nookd') ? resolveFrom(commandLine.entry, '@nook/daemon/main') : undefined;
  const daemons = daemon === undefined ? custom : [...custom, program('nookd', daemon)];
  const started = Object.entries(STARTED).flatMap(([name, { specifier, module = false }]) => {
    const [entry] = daemons.flatMap(({ entry }) => resolveFrom(entry, specifier) ?? []);
    return entry === undefined ? [] : [{ ...program(name, entry), module }];
  });
  const all = [...daemons, ...started];
  const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new Error(`two programs are called ${twice.name}: give the entry file another name`);
  return all;
}

async function customProgram(entry: string): Promise<Program> {
  const imports = importsOf(entry, await readFile(entry, 'utf8')).map(({ specifier }) => specifier);
  const name = basename(entry, extname(entry));
  // Commands are loaded when they are called; a daemon is one file.
  return { ...program(name, entry), splitting: imports.includes('@nook/cli') };
}

function program(name: string, entry: string): Program {
  return { name, file: `${name}.mjs`, entry, splitting: false };
}

/** Nothing when the package is not among those that the file can import. */
function resolveFrom(file: string, specifier: string): string | undefined {
  try {
    return createRequire(file).resolve(specifier);
  } catch {
    return undefined;
  }
}
