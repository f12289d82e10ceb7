import { closeSync, openSync } from 'node:fs';
import { NookError, type SqlValue } from '@nook/daemonapi';
import Sqlite from 'better-sqlite3';
import { mapSqliteErrors } from './sqlite-errors.ts';

/** Layout of what the engine itself keeps in the file. */
const FORMAT = 1;
const CACHED_STATEMENTS = 500;

/** As a path: a database that is gone when it is closed. */
export const IN_MEMORY = ':memory:';

export interface DatabaseOptions {
  /** How long to wait for another process's lock. */
  readonly busyTimeoutMs?: number;
}

/** The daemon's one SQLite file, opened when first used. */
export class Database {
  readonly path: string;
  readonly #options: DatabaseOptions;
  readonly #statements = new Map<string, Sqlite.Statement>();
  #db: Sqlite.Database | undefined;
  #closed = false;

  constructor(path: string, options: DatabaseOptions = {}) {
    this.path = path;
    this.#options = options;
  }

  run(sql: string, params: readonly SqlValue[]): { readonly changes: number } {
    return this.#do(() => ({ changes: this.#statement(sql).run(...params).changes }));
  }

  get(sql: string, params: readonly SqlValue[]): unknown {
    return this.#do(() => this.#statement(sql).get(...params));
  }

  all(sql: string, params: readonly SqlValue[]): unknown[] {
    return this.#do(() => this.#statement(sql).all(...params));
  }

  /** Several statements at once, none of them cached. */
  exec(sql: string): void {
    this.#do(() => this.#open().exec(sql));
  }

  /** In one immediate transaction, or a savepoint when called within another. */
  transaction<T>(work: () => T): T {
    return this.#do(() => this.#open().transaction(work).immediate());
  }

  /** What SQLite finds wrong with the file; empty when nothing is. */
  quickCheck(): readonly string[] {
    const rows = this.#do(() => this.#open().pragma('quick_check')) as { readonly quick_check: string }[];
    return rows.map((row) => row.quick_check).filter((line) => line !== 'ok');
  }

  close(): void {
    this.#closed = true;
    this.#statements.clear();
    this.#db?.close();
    this.#db = undefined;
  }

  #do<T>(work: () => T): T {
    return mapSqliteErrors(this.path, work);
  }

  #statement(sql: string): Sqlite.Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#open().prepare(sql);
      if (this.#statements.size >= CACHED_STATEMENTS) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #open(): Sqlite.Database {
    if (this.#db !== undefined) return this.#db;
    if (this.#closed) throw new NookError('unavailable', 'The store is closed.');
    if (this.path !== IN_MEMORY) makePrivate(this.path);
    const db = new Sqlite(this.path, { timeout: this.#options.busyTimeoutMs ?? 5000 });
    try {
      prepare(db, this.path);
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
    return db;
  }
}

function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw new NookError('unavailable', `The store '${path}' cannot be opened: ${(error as Error).message}`, {
      hint: 'Make the state directory readable and writable.',
      cause: error,
    });
  }
}

function prepare(db: Sqlite.Database, path: string): void {
  const format = db.pragma('user_version', { simple: true }) as number;
  if (format > FORMAT) {
    throw new NookError('conflict', `The store '${path}' was written by a newer version of nook.`, {
      hint: 'Use that version, or another NOOK_HOME.',
      details: { format, known: FORMAT },
    });
  }
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  db.pragma('foreign_keys = ON');
  if (format === FORMAT) return;
  db.transaction(() => {
    db.exec(`CREATE TABLE nook_migrations (
      plugin TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, applied_at INTEGER NOT NULL,
      PRIMARY KEY (plugin, position)
    ) STRICT`);
    db.pragma(`user_version = ${FORMAT}`);
  }).immediate();
}
