import { join } from 'node:path';
import { gitNames } from './git.ts';

export interface TreeEntry {
  /** As git writes it: `100644`, `100755`, `120000`. */
  readonly mode: string;
  readonly bytes: number;
  /** Each character a byte. */
  readonly path: string;
}

/** The files of what was staged, or is to be, with their sizes. */
export async function entriesOf({ folder, prepared }: { folder: string; prepared: string }): Promise<TreeEntry[]> {
  const lines = await gitNames({ cwd: folder, gitDir: join(folder, '.git') }, ['ls-tree', '-r', '-l', '-z', prepared]);
  return lines.map((line) => {
    const tab = line.indexOf('\t');
    const [mode = '', , , size = '0'] = line.slice(0, tab).split(/ +/);
    return { mode, bytes: Number(size), path: line.slice(tab + 1) };
  });
}

/** A name whose characters are bytes, for people: without what a terminal would obey. */
export function shown(name: string): string {
  return Buffer.from(name, 'latin1').toString().replace(/\p{C}/gu, '?');
}
