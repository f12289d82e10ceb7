import type { Clock } from '@nook/daemonapi';
import { errors } from '../errors.ts';
import type { Leases } from './leases.ts';
import { type Pruned, prunable } from './prune.ts';
import type { Manifest, RecordStore, Stored } from './record-store.ts';
import { treeBytes } from './tree-bytes.ts';

interface KeeperParts<M extends Manifest> {
  readonly store: RecordStore<M>;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly kind: 'image' | 'kernel';
  /** Names of this home's VMs that stand on content. */
  readonly users: (digest: string) => readonly string[];
}

export interface PruneRequest {
  readonly dry_run?: boolean | undefined;
  readonly all?: boolean | undefined;
}

/** Knows what is in use, and removes what is not. */
export class Keeper<M extends Manifest> {
  readonly #parts: KeeperParts<M>;

  constructor(parts: KeeperParts<M>) {
    this.#parts = parts;
  }

  /** @throws NookError `conflict` that says by whom it is used */
  refuseUsed({ name, manifest }: Stored<M>): void {
    const { users, kind, leases } = this.#parts;
    const vms = users(manifest.digest);
    if (vms.length > 0) throw errors.inUse(kind, name, vms);
    const homes = leases.others(manifest.digest);
    if (homes.length > 0) throw errors.inUseElsewhere(kind, name, homes);
  }

  async prune({ dry_run = false, all = false }: PruneRequest, signal: AbortSignal): Promise<Pruned> {
    const { store, leases, clock, users } = this.#parts;
    leases.settle((digest) => users(digest).length > 0);
    const facts = {
      all,
      now: clock.now(),
      inUse: (digest: string) => users(digest).length > 0 || leases.others(digest).length > 0,
      leasedAt: (digest: string) => leases.takenAt(digest),
    };
    const result: Pruned = { dry_run, removed: [], bytes: 0 };
    for (const { name, manifest, directory } of prunable(store.list(), facts)) {
      const bytes = await treeBytes(directory);
      const { digest } = manifest;
      if (!dry_run && !(await this.#removed(digest, all, signal))) continue;
      result.removed.push({ name, digest, bytes });
      result.bytes += bytes;
    }
    return result;
  }

  /** Looked at once more under the store's lock: it may have been named or taken since. */
  async #removed(digest: string, all: boolean, signal: AbortSignal): Promise<boolean> {
    const { store, leases, clock, users } = this.#parts;
    let going = true;
    const now = clock.now();
    await store
      .remove(
        digest,
        (stored) => {
          const inUse = (wanted: string) => users(wanted).length > 0 || leases.others(wanted).length > 0;
          const facts = { all, now, inUse, leasedAt: (wanted: string) => leases.takenAt(wanted) };
          going = prunable([stored], facts).length > 0;
          if (!going) throw KEPT;
        },
        signal,
      )
      .catch((error: unknown) => {
        if (error !== KEPT) throw error;
      });
    return going;
  }
}

const KEPT = new Error('it is in use by now');
