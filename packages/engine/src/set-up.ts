import type { Clock, Dirs, VersionInfo } from '@nook/daemonapi';
import type { Config } from './config.ts';
import type { Database } from './database.ts';
import type { RootLog } from './log.ts';
import { migrate } from './migrate.ts';
import type { OpContext } from './op-context.ts';
import { pluginOperations } from './operations/plugin-operations.ts';
import { OWN_TABLES, ownMigrations } from './own-migrations.ts';
import { pluginContext } from './plugin-context.ts';
import type { PluginSet } from './plugin-set.ts';
import type { PluginSlot } from './plugin-slot.ts';
import { PluginStore } from './plugin-store.ts';
import type { Services } from './services.ts';
import type { Wiring } from './wiring.ts';

export interface SetUpParts {
  readonly config: Config;
  readonly database: Database;
  readonly dirs: Dirs;
  readonly clock: Clock;
  readonly version: VersionInfo;
  readonly log: RootLog;
  readonly context: OpContext;
  readonly plugins: PluginSet;
  readonly wiring: Wiring;
  /** Wires what is the engine's own, once its tables are there. */
  readonly wireOwn: () => Services;
}

/** Wires everything in one transaction of the store: a daemon that refuses to start leaves it as it was. */
export function setUp(parts: SetUpParts): void {
  const { database, clock, plugins, wiring } = parts;
  database.transaction(() => {
    migrate(database, { plugin: OWN_TABLES, migrations: ownMigrations, now: clock.now() });
    const services = parts.wireOwn();
    plugins.setup((slot) => setUpPlugin(slot, parts, services));
    wiring.finish(plugins.lost);
  });
}

/** @returns the plugin's hooks */
function setUpPlugin({ name, definition }: PluginSlot, parts: SetUpParts, services: Services): unknown {
  const { database, clock, version, wiring, dirs, context, log, config } = parts;
  const { bus: events, operations } = services;
  const pluginParts = pluginContext({
    ...{ name, wiring, dirs, clock, version, events },
    log: log.child({ plugin: name }),
    config: config.plugins.get(name) ?? {},
    store: new PluginStore(name, { database, clock }),
    operations: pluginOperations(name, { table: () => operations, wiring, context }),
  });
  // What a plugin that may fail has migrated goes back with it.
  let hooks: unknown;
  database.transaction(() => {
    hooks = definition.setup(pluginParts);
  });
  return hooks;
}
