// nookd with its plugins under the names that NOOK_TEST_NAMES gives them: {"images": "x-images"}.
import { type PluginContext, type PluginDefinition, registerPlugin, type Store } from '@nook/daemonapi';
import { runDaemon } from '@nook/engine';
import { images } from '@nook/plugin-images';
import { network } from '@nook/plugin-network';
import { roothelper } from '@nook/plugin-roothelper';
import { vm } from '@nook/plugin-vm';
import { workspace } from '@nook/plugin-workspace';

const names = JSON.parse(process.env.NOOK_TEST_NAMES ?? '{}') as Readonly<Record<string, string>>;
for (const plugin of [images, network, roothelper, vm, workspace] as unknown as PluginDefinition[])
  registerPlugin(renamed(plugin));

/** The same plugin under another name, which its tables carry too. */
function renamed(plugin: PluginDefinition): PluginDefinition {
  const name = names[plugin.name];
  if (name === undefined) return plugin;
  const prefix = (of: string) => `${of.replaceAll('-', '_')}_`;
  const tables = new RegExp(`\\b${prefix(plugin.name)}`, 'g');
  const sql = (text: string) => text.replaceAll(tables, prefix(name));
  return { ...plugin, name, setup: (context) => plugin.setup(withStore(context, (store) => translated(store, sql))) };
}

function withStore<C extends PluginContext>(context: C, change: (store: Store) => Store): C {
  const store = change(context.store);
  return new Proxy(context, {
    get(target, key) {
      if (key === 'store') return store;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function translated(store: Store, sql: (text: string) => string): Store {
  return {
    migrate: (all) => store.migrate(all.map((migration) => ({ ...migration, sql: sql(migration.sql) }))),
    run: (text, ...params) => store.run(sql(text), ...params),
    get: (text, ...params) => store.get(sql(text), ...params),
    all: (text, ...params) => store.all(sql(text), ...params),
    transaction: (work) => store.transaction(work),
  };
}

await runDaemon();
