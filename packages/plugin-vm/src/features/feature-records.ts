import type { Migration, Store } from '@nook/daemonapi';

export const featureMigration: Migration = {
  name: 'features',
  sql: `CREATE TABLE vm_features (
    machine TEXT NOT NULL REFERENCES vm_machines (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    part TEXT NOT NULL,
    cleanup_due INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (machine, name)
  ) STRICT`,
};

/** What is kept of one feature in one VM. */
export interface FeatureRecord {
  readonly name: string;
  readonly part: unknown;
  /** A start has begun, and nobody has cleaned up after it yet. */
  readonly cleanupDue: boolean;
}

interface Row {
  machine: string;
  name: string;
  part: string;
  cleanup_due: number;
}

/** Which features take part in which VM. */
export class FeatureRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  of(machine: string): FeatureRecord[] {
    return this.#store
      .all<Row>('SELECT * FROM vm_features WHERE machine = ? ORDER BY name', machine)
      .map(({ name, part, cleanup_due }) => ({ name, part: JSON.parse(part), cleanupDue: cleanup_due !== 0 }));
  }

  insert(machine: string, parts: Readonly<Record<string, unknown>>): void {
    for (const [name, part] of Object.entries(parts)) {
      this.#store.run(
        'INSERT INTO vm_features (machine, name, part) VALUES (?, ?, ?)',
        ...[machine, name, JSON.stringify(part)],
      );
    }
  }

  update(machine: string, { name, part, cleanupDue }: FeatureRecord): void {
    this.#store.run(
      'UPDATE vm_features SET part = ?, cleanup_due = ? WHERE machine = ? AND name = ?',
      ...[JSON.stringify(part), cleanupDue ? 1 : 0, machine, name],
    );
  }
}
