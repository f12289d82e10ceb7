import type { Migration, Store } from '@nook/daemonapi';

export const migrations: readonly Migration[] = [
  {
    name: 'target',
    // One row at most: what `webhook.set` was last told, null for nowhere.
    sql: 'CREATE TABLE webhook_target (one INTEGER PRIMARY KEY CHECK (one = 1), url TEXT) STRICT',
  },
];

/** The URL that counts: what was set last, else that of the config. */
export function readTarget(store: Store, configured: string | undefined): URL | undefined {
  const row = store.get<{ url: string | null }>('SELECT url FROM webhook_target');
  const url = row === undefined ? configured : row.url;
  return url === undefined || url === null ? undefined : new URL(url);
}

export function writeTarget(store: Store, url: string | null): void {
  store.run('INSERT INTO webhook_target VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET url = excluded.url', url);
}
