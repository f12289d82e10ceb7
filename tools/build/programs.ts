import { access } from 'node:fs/promises';
import { join } from 'node:path';

export interface Program {
  readonly name: string;
  /** What Node is given to run it, in dist/. */
  readonly file: string;
  readonly entry: string;
  /** Loads code of single commands when they are called. Long-lived programs are one file: a later build may remove its parts. */
  readonly splitting: boolean;
  /** A module that a program imports while it runs: its file exports what the entry does. */
  readonly module?: boolean;
}

const all: readonly Program[] = [
  { name: 'nook', file: 'nook.mjs', entry: 'apps/cli/src/main.ts', splitting: true },
  { name: 'nookd', file: 'nookd.mjs', entry: 'apps/daemon/src/main.ts', splitting: false },
  { name: 'vmhost', file: 'vmhost.mjs', entry: 'packages/plugin-vm/src/vmhost/main.ts', splitting: false },
  { name: 'nethost', file: 'nethost.mjs', entry: 'packages/plugin-network/src/nethost/main.ts', splitting: false },
  {
    name: 'images-worker',
    file: 'images-worker.mjs',
    entry: 'packages/plugin-images/src/worker/main.ts',
    splitting: false,
  },
  {
    name: 'nook-roothelper',
    file: 'nook-roothelper.mjs',
    entry: 'packages/plugin-roothelper/src/nook-roothelper/main.ts',
    splitting: false,
  },
];

/** The programs of this checkout whose entry file exists. */
export async function programs(root: string): Promise<Program[]> {
  const present = await Promise.all(
    all.map(({ entry }) =>
      access(join(root, entry)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return all.filter((_, index) => present[index]);
}
