import { join } from 'node:path';
import { isNookError } from '@nook/daemonapi';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { Database } from './database.ts';
import { plugin, tempDir, testEngine } from './engine.fixture.ts';
import { systemClock } from './engine-options.ts';
import { PluginStore } from './plugin-store.ts';

function open(path: string, name = 'p') {
  const database = new Database(path, { busyTimeoutMs: 10 });
  return { database, store: new PluginStore(name, { database, clock: systemClock }) };
}

const table = { name: 'first', sql: 'CREATE TABLE p_t (n INTEGER NOT NULL) STRICT' };
const column = { name: 'second', sql: 'ALTER TABLE p_t ADD COLUMN text TEXT; CREATE INDEX p_i ON p_t (n)' };

test('migrations are applied once, and what was written is there again', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'nook.db');
  const first = open(path);
  first.store.migrate([table]);
  expect(first.store.run('INSERT INTO p_t VALUES (?)', 7)).toEqual({ changes: 1 });
  first.database.close();
  const second = open(path);
  second.store.migrate([table, column]);
  second.store.migrate([table, column]);
  expect(second.store.all('SELECT * FROM p_t')).toEqual([{ n: 7, text: null }]);
  expect(second.store.get('SELECT n FROM p_t WHERE n = ?', 8)).toBeUndefined();
  expect(second.database.quickCheck()).toEqual([]);
  second.database.close();
});

test.each([
  ['another plugin’s table', 'CREATE TABLE other_t (n INTEGER) STRICT', "begin with 'p_'"],
  ['an index on another plugin’s table', 'CREATE INDEX p_x ON q_t (n)', "touches 'q_t'"],
  ['a change of another plugin’s table', 'ALTER TABLE q_t ADD COLUMN x TEXT', "touches 'q_t'"],
  ['the removal of another plugin’s table', 'DROP TABLE q_t', "touches 'q_t'"],
  ['a table that is not strict', 'CREATE TABLE p_lax (n INTEGER)', 'not STRICT'],
])('%s is refused and rolled back', async (_, sql, message) => {
  await using dir = await tempDir();
  const { database, store } = open(join(dir.path, 'nook.db'));
  new PluginStore('q', { database, clock: systemClock }).migrate([
    { name: 'a', sql: 'CREATE TABLE q_t (n INTEGER) STRICT' },
  ]);
  const before = database.all('SELECT * FROM sqlite_schema', []);
  expect(() => store.migrate([{ name: 'bad', sql }])).toThrow(message);
  expect(database.all('SELECT * FROM sqlite_schema', [])).toEqual(before);
  database.close();
});

test('a store from a newer version is refused and left untouched, also by plugins that could go on', async () => {
  await using dir = await tempDir();
  const migrating = (name: string, count: number) =>
    plugin(name, (context) =>
      context.store.migrate(
        Array.from({ length: count }, (_, at) => ({
          name: `m${at}`,
          sql: `CREATE TABLE ${name}_${at} (n TEXT) STRICT`,
        })),
      ),
    );
  const run = async (plugins: ReturnType<typeof plugin>[]) => {
    await using test = await testEngine(plugins, { home: dir.path });
    await test.engine.start();
  };
  const dump = () => {
    const db = new Sqlite(join(dir.path, 'state', 'nook.db'), { readonly: true });
    const rows = db.prepare(`SELECT * FROM nook_migrations WHERE plugin <> 'engine'`).all();
    db.close();
    return rows;
  };
  await run([migrating('a', 1), migrating('b', 3)]);
  const before = dump();
  await expect(run([migrating('a', 2), migrating('b', 2)])).rejects.toMatchObject({ code: 'conflict' });
  expect(dump()).toEqual(before);
  await run([migrating('a', 2), migrating('b', 3)]);
  expect(dump()).toHaveLength(5);
});

test('a file in a newer layout is refused', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'nook.db');
  const db = new Sqlite(path);
  db.pragma('user_version = 99');
  db.close();
  expect(() => open(path).store.migrate([])).toThrow(expect.objectContaining({ code: 'conflict' }));
});

test('a transaction that throws writes nothing, also within another', async () => {
  await using dir = await tempDir();
  const { database, store } = open(join(dir.path, 'nook.db'));
  store.migrate([table]);
  store.transaction(() => {
    store.run('INSERT INTO p_t VALUES (1)');
    expect(() =>
      store.transaction(() => {
        store.run('INSERT INTO p_t VALUES (2)');
        throw new Error('no');
      }),
    ).toThrow('no');
  });
  expect(store.all('SELECT n FROM p_t')).toEqual([{ n: 1 }]);
  database.close();
});

test('a database that is locked, full, read-only or none is unavailable, with a hint', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'nook.db');
  const { database, store } = open(path);
  store.migrate([table]);
  const unavailable = (work: () => unknown, text: RegExp) => {
    let error: unknown;
    try {
      work();
    } catch (thrown) {
      error = thrown;
    }
    expect(isNookError(error) && [error.code, typeof error.hint]).toEqual(['unavailable', 'string']);
    expect((error as Error).message).toMatch(text);
  };
  const other = new Sqlite(path);
  other.exec('BEGIN IMMEDIATE');
  unavailable(() => store.run('INSERT INTO p_t VALUES (1)'), /SQLITE_BUSY/);
  other.exec('ROLLBACK');
  other.close();
  database.exec('PRAGMA max_page_count = 1');
  unavailable(() => {
    for (let n = 0; n < 10_000; n++) store.run('INSERT INTO p_t VALUES (?)', n);
  }, /SQLITE_FULL/);
  database.exec('PRAGMA query_only = ON');
  unavailable(() => store.run('INSERT INTO p_t VALUES (1)'), /SQLITE_READONLY/);
  database.close();
  expect(() => store.all('SELECT 1')).toThrow(expect.objectContaining({ code: 'unavailable' }));
});
