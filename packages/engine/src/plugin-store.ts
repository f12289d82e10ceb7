import type { Clock, Migration, SqlValue, Store } from '@nook/daemonapi';
import type { Database } from './database.ts';
import { migrate } from './migrate.ts';

/** One plugin's view of the database. */
export class PluginStore implements Store {
  readonly #plugin: string;
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(plugin: string, { database, clock }: { readonly database: Database; readonly clock: Clock }) {
    this.#plugin = plugin;
    this.#database = database;
    this.#clock = clock;
  }

  migrate(migrations: readonly Migration[]): void {
    migrate(this.#database, { plugin: this.#plugin, migrations, now: this.#clock.now() });
  }

  run(sql: string, ...params: readonly SqlValue[]): { readonly changes: number } {
    return this.#database.run(sql, params);
  }

  get<Row>(sql: string, ...params: readonly SqlValue[]): Row | undefined {
    return this.#database.get(sql, params) as Row | undefined;
  }

  all<Row>(sql: string, ...params: readonly SqlValue[]): Row[] {
    return this.#database.all(sql, params) as Row[];
  }

  transaction<T>(work: () => T): T {
    return this.#database.transaction(work);
  }
}
