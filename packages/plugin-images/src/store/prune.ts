import type { Manifest, Stored } from './record-store.ts';

interface PruneRow {
  name: string;
  digest: string;
  /** What it takes on the disk. */
  bytes: number;
}

export interface Pruned {
  dry_run: boolean;
  removed: PruneRow[];
  bytes: number;
}

/** How long what was asked for is kept for whoever asked, in milliseconds: by then a VM stands on it, or none will. */
export const LEASE_MS = 10 * 60_000;

interface PruneFacts {
  /** Also what has names. */
  readonly all: boolean;
  readonly now: number;
  readonly inUse: (digest: string) => boolean;
  /** When it was last asked for; undefined: not known to have been. */
  readonly leasedAt: (digest: string) => number | undefined;
}

/** What may go: nothing that a VM stands on or that somebody has just asked for, and without `all` nothing with a name. */
export function prunable<M extends Manifest>(stored: readonly Stored<M>[], facts: PruneFacts): Stored<M>[] {
  const seen = new Set<string>();
  return stored.filter(({ name, manifest: { digest } }) => {
    if (seen.has(digest)) return false;
    seen.add(digest);
    if (!facts.all && name !== digest) return false;
    const leased = facts.leasedAt(digest);
    return !facts.inUse(digest) && (leased === undefined || facts.now - leased > LEASE_MS);
  });
}
