export type SqlValue = string | number | bigint | Uint8Array | null;

/** One step of a plugin's schema. Applied once, in order, each in its own transaction. There is no way back. */
export interface Migration {
  /** Shown in errors and logs; unique within the plugin. */
  readonly name: string;
  /** SQL statements. Tables must be STRICT and named `PLUGIN_…` (dashes of the plugin's name become underscores). */
  readonly sql: string;
}

/**
 * The plugin's part of the daemon's SQLite database. Calls are synchronous.
 * What a call that returned has written survives the death of the process.
 * A database that is locked, full or read-only throws `unavailable`, with nothing written.
 */
export interface Store {
  /** Brings the plugin's tables up to date. Call it in `setup`, once. A store that knows later migrations than these is refused with `conflict` and left untouched. */
  migrate(migrations: readonly Migration[]): void;
  run(sql: string, ...params: readonly SqlValue[]): { readonly changes: number };
  get<Row>(sql: string, ...params: readonly SqlValue[]): Row | undefined;
  all<Row>(sql: string, ...params: readonly SqlValue[]): Row[];
  /** Runs `work` in one immediate transaction; anything thrown rolls it back. */
  transaction<T>(work: () => T): T;
}
