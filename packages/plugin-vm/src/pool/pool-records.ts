import type { Migration, Store } from '@nook/daemonapi';
import type { ProcessIdentity } from '@nook/wire';
import type { MachineRecord } from '../machines/records.ts';

export const poolMigration: Migration = {
  name: 'pool',
  sql: `CREATE TABLE vm_pool (
    id TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    member TEXT NOT NULL
  ) STRICT`,
};

/** A machine that waits to become a VM: all of it that such a VM takes over. */
export interface MemberRecord {
  /** Also the id of the VM that it becomes: its folder and its processes are named after it. */
  readonly id: string;
  readonly created_at: number;
  /** Key of the template that it began as. */
  readonly template: string;
  readonly mac: string;
  readonly token: string;
  readonly vmhost: ProcessIdentity;
  /** Of the host's memory, its processes together. */
  readonly bytes: number;
  readonly run: Pick<MachineRecord['run'], 'accelerator' | 'machine' | 'driver_version' | 'limits'>;
}

interface Row {
  id: string;
  created_at: number;
  member: string;
}

/** The members of the pool, as the store keeps them. A machine is here or among the VMs, never in both. */
export class PoolRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  all(): MemberRecord[] {
    return this.#store
      .all<Row>('SELECT * FROM vm_pool ORDER BY created_at')
      .map(({ id, created_at, member }) => ({ ...(JSON.parse(member) as MemberRecord), id, created_at }));
  }

  insert({ id, created_at, ...member }: MemberRecord): void {
    this.#store.run(
      'INSERT INTO vm_pool (id, created_at, member) VALUES (?, ?, ?)',
      ...[id, created_at, JSON.stringify(member)],
    );
  }

  delete(id: string): void {
    this.#store.run('DELETE FROM vm_pool WHERE id = ?', id);
  }

  /** Makes a member a VM: in one transaction with the record of that VM, which `insert` writes. */
  claim(id: string, insert: () => void): void {
    this.#store.transaction(() => {
      this.delete(id);
      insert();
    });
  }
}
