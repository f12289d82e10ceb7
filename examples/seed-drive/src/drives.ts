import type { Migration, Store } from '@nook/daemonapi';
import type { SeedDrive } from './contract.ts';

export const migrations: readonly Migration[] = [
  {
    name: 'drives',
    sql: 'CREATE TABLE seed_drive_drives (id TEXT PRIMARY KEY, vm TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT',
  },
];

/** The drives that there are, over restarts of the daemon. */
export class Drives {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  add(id: string, { vm, bytes }: SeedDrive): void {
    this.#store.run(
      'INSERT INTO seed_drive_drives VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET vm = excluded.vm, bytes = excluded.bytes',
      ...[id, vm, bytes],
    );
  }

  remove(id: string): void {
    this.#store.run('DELETE FROM seed_drive_drives WHERE id = ?', id);
  }

  all(): readonly SeedDrive[] {
    return this.#store.all<SeedDrive>('SELECT vm, bytes FROM seed_drive_drives ORDER BY vm');
  }
}
