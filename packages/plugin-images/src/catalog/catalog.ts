import { type CatalogEntry, type ImageSource, NookError } from '@nook/daemonapi';
import { NAME } from '../store/record-store.ts';
import { BUILT_IN } from './built-in.ts';
import { readUserCatalog } from './user-catalog.ts';

interface CatalogParts {
  /** Where the user's own entries are. */
  readonly file: { readonly path: string; readonly required: boolean };
  readonly sources: () => readonly ImageSource[];
  /** Those that plugins of this daemon contribute. */
  readonly contributed: () => readonly CatalogEntry[];
}

/** All images that go by a plain name: the user's entries, then those of plugins and of their sources, then nook's own. */
export class Catalog {
  readonly #parts: CatalogParts;

  constructor(parts: CatalogParts) {
    this.#parts = parts;
  }

  /** Each name once, in the order in which they are listed. @throws NookError `bad_request` for the user's file */
  entries(): CatalogEntry[] {
    const { file, sources, contributed } = this.#parts;
    // What a source calls its own is a reference itself.
    const ofSources = sources().flatMap(({ catalog = [] }) =>
      catalog.map(({ name, summary }) => ({ name, summary, sources: [name] })),
    );
    const mine = readUserCatalog(file.path, file.required);
    const known = new Map<string, CatalogEntry>();
    for (const entry of [...BUILT_IN, ...ofSources, ...contributed(), ...mine]) known.set(entry.name, entry);
    return [...known.values()];
  }

  find(name: string): CatalogEntry | undefined {
    return this.entries().find((entry) => entry.name === name);
  }
}

/** @throws NookError `conflict` for what a plugin contributes and nobody could pull */
export function checkEntries(entries: readonly CatalogEntry[]): void {
  const unfit = entries.find(({ name, sources }) => !NAME.test(name) || sources.length === 0);
  if (unfit === undefined) return;
  throw new NookError('conflict', `The entry '${unfit.name}' of a catalog has no proper name, or no source.`, {
    hint: 'Leave the import of its plugin out of the entry file.',
  });
}
