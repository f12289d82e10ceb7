import { dirname, join } from 'node:path/posix';
import type { Import } from './imports-of.ts';

/** One import, with both of its ends resolved to what the rules speak about. */
export interface Edge {
  /** Path of the importing file, relative to the root. */
  readonly file: string;
  readonly line: number;
  /** As written. */
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** Folder that holds the importing file's package.json: `packages/engine`, `apps/cli`; '' for the root's own folders. */
  readonly owner: string;
  /** Name of the workspace package that is imported, without `@nook/`. */
  readonly workspace: string | undefined;
  /** The entry that is imported: '' for the main one, `register`, `cli`, ... */
  readonly entry: string;
  /** Path of the imported file, relative to the root, for a relative import. */
  readonly path: string | undefined;
}

export function edgeOf(file: string, { specifier, typeOnly, line }: Import): Edge {
  const owner = /^(?:packages|apps)\/[^/]+(?=\/)/.exec(file)?.[0] ?? '';
  const [, workspace, entry = ''] = /^@nook\/([^/]+)(?:\/(.*))?$/.exec(specifier) ?? [];
  const path = specifier.startsWith('.') ? join(dirname(file), specifier) : undefined;
  return { file, line, specifier, typeOnly, owner, workspace, entry, path };
}
