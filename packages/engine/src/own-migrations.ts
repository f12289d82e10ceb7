import type { Migration } from '@nook/daemonapi';

/** Under which the engine's own tables stand in the store; no plugin may be called so. */
export const OWN_TABLES = 'engine';

export const ownMigrations: readonly Migration[] = [
  {
    name: 'operations',
    sql: `CREATE TABLE engine_operations (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      op_id TEXT NOT NULL UNIQUE,
      method TEXT NOT NULL,
      state TEXT NOT NULL,
      begun_at INTEGER NOT NULL,
      ended_at INTEGER,
      elapsed_ms INTEGER NOT NULL,
      stages TEXT NOT NULL,
      result TEXT,
      error TEXT
    ) STRICT;
    CREATE INDEX engine_operations_state ON engine_operations (state, ended_at)`,
  },
  {
    name: 'idempotency',
    sql: `CREATE TABLE engine_idempotency (
      key TEXT PRIMARY KEY,
      method TEXT NOT NULL,
      params TEXT NOT NULL,
      op_id TEXT NOT NULL,
      state TEXT NOT NULL,
      answer TEXT,
      at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX engine_idempotency_at ON engine_idempotency (at)`,
  },
  {
    name: 'events',
    sql: `CREATE TABLE engine_events (
      seq INTEGER PRIMARY KEY,
      topic TEXT NOT NULL,
      at INTEGER NOT NULL,
      data TEXT NOT NULL
    ) STRICT;
    CREATE TABLE engine_marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
    INSERT INTO engine_marks VALUES ('reserved', 0), ('pruned', 0)`,
  },
];
