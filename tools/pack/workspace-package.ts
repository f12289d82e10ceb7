import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface WorkspacePackage {
  /** Absolute. */
  readonly dir: string;
  readonly manifest: Manifest;
}

/** What others install of this workspace: all packages, and the two programs. */
export async function workspacePackages(root: string): Promise<WorkspacePackage[]> {
  const files = globSync('{packages,apps}/*/package.json', { cwd: root }).sort();
  return Promise.all(
    files.map(async (file) => ({
      dir: join(root, dirname(file)),
      manifest: JSON.parse(await readFile(join(root, file), 'utf8')) as Manifest,
    })),
  );
}
