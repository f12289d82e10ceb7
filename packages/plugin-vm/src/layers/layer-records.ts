import type { Migration, Store } from '@nook/daemonapi';
import { DISK_FILE } from '../vmhost/host-spec.ts';

export const layersMigration: Migration = {
  name: 'layers',
  sql: `CREATE TABLE vm_layers (
      id TEXT PRIMARY KEY,
      parent TEXT REFERENCES vm_layers (id),
      created_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE vm_snapshots (
      id TEXT PRIMARY KEY,
      vm TEXT NOT NULL REFERENCES vm_machines (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      layer TEXT NOT NULL REFERENCES vm_layers (id),
      parent TEXT REFERENCES vm_snapshots (id) ON DELETE SET NULL,
      memory INTEGER NOT NULL,
      UNIQUE (vm, name)
    ) STRICT;
    CREATE TABLE vm_disks (
      vm TEXT PRIMARY KEY REFERENCES vm_machines (id) ON DELETE CASCADE,
      file TEXT NOT NULL,
      layer TEXT REFERENCES vm_layers (id),
      snapshot TEXT REFERENCES vm_snapshots (id) ON DELETE SET NULL,
      next_file TEXT,
      next_layer TEXT
    ) STRICT`,
};

/** The disk that a VM writes to. */
export interface DiskRecord {
  /** Its name in the folder that the machine may write to. */
  readonly file: string;
  /** The frozen layer that it stands on; absent: the image itself. */
  readonly layer?: string | undefined;
  /** The snapshot that it was last saved as, or brought back to. */
  readonly snapshot?: string | undefined;
  /** A freeze has begun: the present file becomes this layer, and the machine goes on with this file. */
  readonly next?: { readonly file: string; readonly layer: string } | undefined;
}

/** A file that was written to once, and that others stand on. */
export interface LayerRecord {
  readonly id: string;
  readonly parent?: string | undefined;
  readonly created_at: number;
}

interface DiskRow {
  file: string;
  layer: string | null;
  snapshot: string | null;
  next_file: string | null;
  next_layer: string | null;
}

/** Disks and the layers below them, as the store keeps them. What something stands on cannot be deleted. */
export class LayerRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  transaction<T>(work: () => T): T {
    return this.#store.transaction(work);
  }

  disk(vm: string): DiskRecord {
    const row = this.#store.get<DiskRow>('SELECT * FROM vm_disks WHERE vm = ?', vm);
    if (!row) return { file: DISK_FILE };
    const { file, layer, snapshot, next_file, next_layer } = row;
    return {
      file,
      layer: layer ?? undefined,
      snapshot: snapshot ?? undefined,
      ...(next_file === null || next_layer === null ? {} : { next: { file: next_file, layer: next_layer } }),
    };
  }

  setDisk(vm: string, { file, layer, snapshot, next }: DiskRecord): void {
    this.#store.run(
      'INSERT OR REPLACE INTO vm_disks (vm, file, layer, snapshot, next_file, next_layer) VALUES (?, ?, ?, ?, ?, ?)',
      ...[vm, file, layer ?? null, snapshot ?? null, next?.file ?? null, next?.layer ?? null],
    );
  }

  /** Layers that freezes have begun to make. */
  begun(): string[] {
    const rows = this.#store.all<{ next_layer: string }>(
      'SELECT next_layer FROM vm_disks WHERE next_layer IS NOT NULL',
    );
    return rows.map(({ next_layer }) => next_layer);
  }

  insert({ id, parent, created_at }: LayerRecord): void {
    this.#store.run('INSERT INTO vm_layers (id, parent, created_at) VALUES (?, ?, ?)', id, parent ?? null, created_at);
  }

  all(): LayerRecord[] {
    return this.#store
      .all<{ id: string; parent: string | null; created_at: number }>('SELECT * FROM vm_layers ORDER BY created_at, id')
      .map(({ id, parent, created_at }) => ({ id, parent: parent ?? undefined, created_at }));
  }

  /** What stands on a layer: other layers, VMs and snapshots. */
  dependants(layer: string): string[] {
    const rows = this.#store.all<{ name: string }>(
      `SELECT 'layer ' || id AS name FROM vm_layers WHERE parent = ?
       UNION ALL SELECT 'vm ' || name FROM vm_disks JOIN vm_machines ON vm_machines.id = vm WHERE layer = ?
       UNION ALL SELECT 'snapshot ' || name FROM vm_snapshots WHERE layer = ?`,
      ...[layer, layer, layer],
    );
    return rows.map(({ name }) => name);
  }

  /** Deletes the layers that nothing stands on, and then those below. @returns their ids */
  deleteUnused(): string[] {
    const deleted: string[] = [];
    for (;;) {
      const unused = this.all().filter(({ id }) => this.dependants(id).length === 0);
      if (unused.length === 0) return deleted;
      for (const { id } of unused) {
        this.#store.run('DELETE FROM vm_layers WHERE id = ?', id);
        deleted.push(id);
      }
    }
  }
}
