import type { Migration, Store } from '@nook/daemonapi';
import type { WebhookConfig } from './config.ts';

export const migrations: readonly Migration[] = [
  {
    name: 'target',
    // One row at most: what `webhook.set` was last told, null for nowhere.
    sql: 'CREATE TABLE webhook_target (one INTEGER PRIMARY KEY CHECK (one = 1), url TEXT) STRICT',
  },
];

/** The URL that counts: what was set last, else that of the config; none without a key, whatever was set. */
export function readTarget(store: Store, { url: configured, secret }: WebhookConfig): URL | undefined {
  const row = store.get<{ url: string | null }>('SELECT url FROM webhook_target');
  const url = row === undefined ? configured : row.url;
  if (secret === undefined) return undefined;
  return url === undefined || url === null ? undefined : new URL(url);
}

export function writeTarget(store: Store, url: string | null): void {
  store.run('INSERT INTO webhook_target VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET url = excluded.url', url);
}
