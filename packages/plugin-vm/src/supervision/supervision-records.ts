import type { Migration, Store } from '@nook/daemonapi';
import type { RestartState } from './restart-plan.ts';

export const supervisionMigration: Migration = {
  name: 'supervision',
  sql: `CREATE TABLE vm_supervision (
    machine TEXT PRIMARY KEY REFERENCES vm_machines (id) ON DELETE CASCADE,
    desired TEXT NOT NULL,
    restart TEXT NOT NULL
  ) STRICT`,
};

export interface SupervisionRecord {
  readonly desired: 'running' | 'stopped';
  readonly restart: RestartState;
}

/** What each VM is meant to be, and how its restarts stand. */
export class SupervisionRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Undefined: nobody asked for anything since records of this are kept. */
  of(machine: string): SupervisionRecord | undefined {
    const row = this.#store.get<{ desired: SupervisionRecord['desired']; restart: string }>(
      'SELECT desired, restart FROM vm_supervision WHERE machine = ?',
      machine,
    );
    return row && { desired: row.desired, restart: JSON.parse(row.restart) as RestartState };
  }

  set(machine: string, { desired, restart }: SupervisionRecord): void {
    this.#store.run(
      `INSERT INTO vm_supervision (machine, desired, restart) SELECT id, ?, ? FROM vm_machines WHERE id = ?
       ON CONFLICT (machine) DO UPDATE SET desired = excluded.desired, restart = excluded.restart`,
      ...[desired, JSON.stringify(restart), machine],
    );
  }
}
