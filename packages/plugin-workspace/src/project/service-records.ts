import type { Migration, Store } from '@nook/daemonapi';
import type { ServiceDefinition, ServiceState } from './project-contract.ts';

export const servicesMigration: Migration = {
  name: 'services',
  sql: `CREATE TABLE workspace_services (
    vm TEXT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    run TEXT NOT NULL,
    PRIMARY KEY (vm, name)
  ) STRICT`,
};

/** A session of a VM; the token makes it this one, and not another one with its number after a boot. */
export interface ServiceSession {
  readonly session: string;
  readonly token: string;
}

/** How a service stands. */
export interface ServiceRun {
  readonly state: ServiceState;
  /** Of the latest run. */
  readonly session?: ServiceSession | undefined;
  /** Numbers of sessions before it in this boot, the latest last. */
  readonly earlier: readonly string[];
  /** By which the session of a run is found again that began, and was not recorded. */
  readonly key?: string | undefined;
  readonly started_at?: number | undefined;
  readonly ended_at?: number | undefined;
  readonly exit_code?: number | undefined;
  /** Since somebody asked for it, or the VM was booted. */
  readonly restarts: number;
  /** Ends in a row, with no stable run between. */
  readonly ends: number;
  readonly next_at?: number | undefined;
  readonly reason?: string | undefined;
}

export interface ServiceRecord {
  readonly vm: string;
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly run: ServiceRun;
}

interface Row {
  readonly vm: string;
  readonly name: string;
  readonly definition: string;
  readonly run: string;
}

/** Services of VMs, as they are to be and as they last were. */
export class ServiceRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  set({ vm, name, definition, run }: ServiceRecord): void {
    this.#store.run(
      'INSERT OR REPLACE INTO workspace_services (vm, name, definition, run) VALUES (?, ?, ?, ?)',
      ...[vm, name, JSON.stringify(definition), JSON.stringify(run)],
    );
  }

  remove(vm: string, name: string): void {
    this.#store.run('DELETE FROM workspace_services WHERE vm = ? AND name = ?', vm, name);
  }

  /** In the order of their names. */
  all(): ServiceRecord[] {
    return this.#store
      .all<Row>('SELECT * FROM workspace_services ORDER BY vm, name')
      .map(({ definition, run, ...row }) => ({ ...row, definition: JSON.parse(definition), run: JSON.parse(run) }));
  }
}
