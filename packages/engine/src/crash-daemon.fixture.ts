import { API_VERSION, registerPlugin } from '@nook/daemonapi';
import { z } from 'zod';
import { runDaemon } from './index.ts';

// A daemon for tests that kill it: each of its methods acknowledges something that must then be there for ever.

// biome-ignore lint/suspicious/noExplicitAny: no contract declares these methods
const plugin: any = {
  name: 'crash',
  api: API_VERSION,
  version: '1.0.0',
  from: import.meta.url,
  // biome-ignore lint/suspicious/noExplicitAny: as above
  setup({ store, method, events }: any) {
    const migrations = [{ name: 'rows', sql: 'CREATE TABLE crash_rows (n INTEGER PRIMARY KEY) STRICT' }];
    for (let at = 0; at < Number(process.env.CRASH_MIGRATIONS ?? 0); at++) {
      migrations.push({ name: `m${at}`, sql: `CREATE TABLE crash_${at} (n INTEGER PRIMARY KEY) STRICT` });
    }
    store.migrate(migrations);
    const base = { summary: 's', access: 'write', params: z.object({ n: z.number().optional() }), result: z.any() };
    const put = (n: number) => store.run('INSERT INTO crash_rows VALUES (?)', n);
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const each = (name: string, more: object, run: (params: any, call: any) => unknown) =>
      method(name, { ...base, ...more, run });
    each('crash.put', {}, ({ n }) => {
      put(n);
      return { n };
    });
    each('crash.hang', {}, ({ n }) => {
      put(n);
      return new Promise(() => {});
    });
    each('crash.work', { operation: true }, (_, call) => {
      call.progress({ stage: 'halfway' });
      return new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));
    });
    each('crash.quick', { operation: true }, ({ n }) => ({ n }));
    each('crash.emit', {}, ({ n }) => {
      events.publish('crash.happened', { n }, { durable: true });
      return { n };
    });
    each('crash.rows', { access: 'read' }, () =>
      store.all('SELECT n FROM crash_rows ORDER BY n').map((row: { n: number }) => row.n),
    );
  },
};

registerPlugin(plugin);
await runDaemon();
