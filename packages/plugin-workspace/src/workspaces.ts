import type { Clock, Migration, Store } from '@nook/daemonapi';
import type { Workspace, WorkspaceView } from './contract.ts';

export const workspacesMigration: Migration = {
  name: 'workspaces',
  sql: `CREATE TABLE workspace_workspaces (
    vm TEXT PRIMARY KEY,
    workspace TEXT NOT NULL,
    prepared_at INTEGER NOT NULL
  ) STRICT`,
};

interface Row {
  vm: string;
  workspace: string;
  prepared_at: number;
}

interface WorkspacesOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Undefined: there is no such VM. */
  readonly nameOf: (id: string) => string | undefined;
}

/** What was put into which VM. A VM is known by its id, so it may change its name. What is kept of one that is gone unnoticed goes with the next record. */
export class Workspaces {
  readonly #options: WorkspacesOptions;

  constructor(options: WorkspacesOptions) {
    this.#options = options;
  }

  record(id: string, workspace: Workspace): void {
    const { store, clock, nameOf } = this.#options;
    store.transaction(() => {
      for (const { vm } of store.all<Row>('SELECT vm FROM workspace_workspaces')) {
        if (nameOf(vm) === undefined) store.run('DELETE FROM workspace_workspaces WHERE vm = ?', vm);
      }
      store.run(
        'INSERT OR REPLACE INTO workspace_workspaces (vm, workspace, prepared_at) VALUES (?, ?, ?)',
        ...[id, JSON.stringify(workspace), clock.now()],
      );
    });
  }

  /** A VM is a copy of another one, with what is in it. */
  copy(from: string, to: string): void {
    this.#options.store.run(
      `INSERT OR REPLACE INTO workspace_workspaces (vm, workspace, prepared_at)
        SELECT ?, workspace, prepared_at FROM workspace_workspaces WHERE vm = ?`,
      ...[to, from],
    );
  }

  forget(id: string): void {
    this.#options.store.run('DELETE FROM workspace_workspaces WHERE vm = ?', id);
  }

  of(id: string): Omit<WorkspaceView, 'vm'> | undefined {
    const row = this.#options.store.get<Row>('SELECT * FROM workspace_workspaces WHERE vm = ?', id);
    return row && { ...(JSON.parse(row.workspace) as Workspace), prepared_at: row.prepared_at };
  }
}
