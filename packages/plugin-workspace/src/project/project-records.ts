import type { Migration, Store } from '@nook/daemonapi';
import type { ProjectRecord } from './project-contract.ts';

export const projectsMigration: Migration = {
  name: 'projects',
  sql: `CREATE TABLE workspace_projects (
    vm TEXT PRIMARY KEY,
    file TEXT NOT NULL,
    record TEXT NOT NULL
  ) STRICT`,
};

interface RecordsOptions {
  readonly store: Store;
  /** Undefined: there is no such VM. */
  readonly nameOf: (id: string) => string | undefined;
}

/** Which VMs are machines of a project. What is kept of a VM that is gone goes with the next record. */
export class ProjectRecords {
  readonly #options: RecordsOptions;

  constructor(options: RecordsOptions) {
    this.#options = options;
  }

  record(id: string, record: ProjectRecord): void {
    const { store, nameOf } = this.#options;
    store.transaction(() => {
      for (const { vm } of store.all<{ vm: string }>('SELECT vm FROM workspace_projects')) {
        if (nameOf(vm) === undefined) store.run('DELETE FROM workspace_projects WHERE vm = ?', vm);
      }
      store.run(
        `INSERT INTO workspace_projects (vm, file, record) VALUES (?, ?, ?)
        ON CONFLICT (vm) DO UPDATE SET file = excluded.file, record = excluded.record`,
        ...[id, record.file, JSON.stringify(record)],
      );
    });
  }

  /** Of all projects when `file` is undefined. */
  list(file: string | undefined): (ProjectRecord & { readonly id: string; readonly name: string })[] {
    const { store, nameOf } = this.#options;
    return store
      .all<{ vm: string; record: string }>(
        'SELECT vm, record FROM workspace_projects WHERE file = coalesce(?, file) ORDER BY rowid',
        file ?? null,
      )
      .flatMap(({ vm, record }) => {
        const name = nameOf(vm);
        return name === undefined ? [] : [{ id: vm, name, ...(JSON.parse(record) as ProjectRecord) }];
      });
  }
}
