import { type Migration, NookError } from '@nook/daemonapi';
import type { Database } from './database.ts';

interface Plan {
  readonly plugin: string;
  readonly migrations: readonly Migration[];
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

interface TableRow {
  readonly name: string;
  readonly strict: number;
}

/** Applies what is missing, each migration in a transaction of its own. @throws NookError `conflict`, `internal` */
export function migrate(database: Database, { plugin, migrations, now }: Plan): void {
  const applied = database.all('SELECT name FROM nook_migrations WHERE plugin = ? ORDER BY position', [plugin]);
  refuseNewer({ plugin, migrations, now }, applied as { readonly name: string }[]);
  for (const [offset, migration] of migrations.slice(applied.length).entries()) {
    database.transaction(() => {
      const before = objects(database);
      database.exec(migration.sql);
      checkObjects(database, { plugin, migration, before });
      database.run('INSERT INTO nook_migrations VALUES (?, ?, ?, ?)', [
        plugin,
        applied.length + offset,
        migration.name,
        now,
      ]);
    });
  }
}

function refuseNewer({ plugin, migrations }: Plan, applied: readonly { readonly name: string }[]): void {
  const foreign = applied.find(({ name }, position) => migrations[position]?.name !== name);
  if (foreign === undefined) return;
  throw new NookError(
    'conflict',
    `The store holds the migration '${foreign.name}' of plugin '${plugin}', which this version does not know.`,
    {
      hint: 'Use the newer version that wrote it, or another NOOK_HOME.',
      details: { plugin, migration: foreign.name },
    },
  );
}

/** Everything in the schema, by name, with the table it belongs to. */
function objects(database: Database): Map<string, { readonly table: string; readonly sql: string | null }> {
  const rows = database.all('SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema', []) as {
    readonly type: string;
    readonly name: string;
    readonly table: string;
    readonly sql: string | null;
  }[];
  return new Map(rows.map((row) => [`${row.type} ${row.name}`, row]));
}

function checkObjects(
  database: Database,
  { plugin, migration, before }: { plugin: string; migration: Migration; before: ReturnType<typeof objects> },
): void {
  const prefix = `${plugin.replaceAll('-', '_')}_`;
  const after = objects(database);
  const refuse = (what: string) => {
    throw new NookError('internal', `Migration '${migration.name}' of plugin '${plugin}' ${what}.`);
  };
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(name), after.get(name)];
    const table = (is ?? was)?.table ?? '';
    const touched = was?.sql !== is?.sql || (was === undefined) !== (is === undefined);
    // SQLite's own tables, which only SQLite can make.
    if (touched && !table.startsWith(prefix) && !table.startsWith('sqlite_'))
      refuse(`touches '${table}'; its tables begin with '${prefix}'`);
  }
  const tables = database.all('SELECT name, strict FROM pragma_table_list WHERE schema = ? AND type = ?', [
    'main',
    'table',
  ]) as TableRow[];
  const lax = tables.find(({ name, strict }) => strict === 0 && name.startsWith(prefix));
  if (lax !== undefined) refuse(`makes the table '${lax.name}', which is not STRICT`);
}
