import { DatabaseSync } from 'node:sqlite';
import type { Migration, SqlValue, Store } from '@nook/daemonapi';

/** A store in memory that has these tables. */
export function memoryStore(...migrations: readonly Migration[]): Store {
  const database = new DatabaseSync(':memory:');
  for (const { sql } of migrations) database.exec(sql);
  return {
    migrate: () => {},
    run: (sql, ...params) => ({ changes: Number(database.prepare(sql).run(...(params as SqlValue[])).changes) }),
    get: <Row>(sql: string, ...params: SqlValue[]) => database.prepare(sql).get(...params) as Row | undefined,
    all: <Row>(sql: string, ...params: SqlValue[]) => database.prepare(sql).all(...params) as Row[],
    transaction: (work) => {
      database.exec('BEGIN');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
  };
}
