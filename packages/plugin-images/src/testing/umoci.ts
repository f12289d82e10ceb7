import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('manifest.c', import.meta.url));

export function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'latin1', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** An OCI layout with an image of the given layers, as `DIRECTORY/layout:it`. */
export async function layoutOf(directory: string, layers: readonly Buffer[]): Promise<string> {
  const image = `${join(directory, 'layout')}:it`;
  run('umoci', 'init', '--layout', join(directory, 'layout'));
  run('umoci', 'new', '--image', image);
  for (const [index, layer] of layers.entries()) {
    const path = join(directory, `layer.${index}.tar`);
    await writeFile(path, layer);
    run('umoci', 'raw', 'add-layer', '--image', image, path);
  }
  return image;
}

/** The program that prints what a tree is made of; static, so that it runs in any guest. */
export function manifestProgram(directory: string): string {
  const program = join(directory, 'manifest');
  if (!existsSync(program)) run('musl-gcc', '-static', '-O2', '-o', program, SOURCE);
  return program;
}

/** Lines of a tree's manifest; `lost+found` is the disk's own. */
export function manifestOf(directory: string, root: string): string[] {
  const lines = run(manifestProgram(directory), root).trimEnd().split('\n');
  return lines.filter((line) => !line.startsWith('/lost+found ')).sort();
}

/** The manifest of the tree in a disk, which is mounted read-only for it. */
export function manifestOfDisk(directory: string, disk: string): string[] {
  const mounted = join(directory, 'mounted');
  mkdirSync(mounted, { recursive: true });
  run('mount', '-o', 'loop,ro', disk, mounted);
  try {
    return manifestOf(directory, mounted);
  } finally {
    run('umount', mounted);
  }
}
