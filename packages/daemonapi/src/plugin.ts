import type { Clock, Dirs, VersionInfo } from './environment.ts';
import type { EventBus } from './events.ts';
import type { ExtensionPoints } from './extension-points.ts';
import type { Logger } from './logger.ts';
import type { Operations } from './operations.ts';
import type { MethodDefinition, RpcMethods } from './rpc.ts';
import type { StandardSchema } from './standard-schema.ts';
import type { Store } from './store.ts';
import type { NeedsOf, Provides } from './wiring.ts';

/** Why a plugin does not serve, as its `start` may say instead of failing. */
export interface Degraded {
  readonly degraded: string;
}

/** Why a plugin has nothing to do here, as its `start` may say: no fault, but its capabilities answer `unavailable`. */
export interface Skipped {
  readonly skipped: string;
}

/**
 * What a plugin does over its life. Every hook is raced against a deadline and gets a signal that is aborted when
 * the deadline passes. Hooks of all plugins run in sorted order of their names, `stop` and `dispose` in reverse.
 */
export interface PluginHooks<Config = unknown> {
  /** Background work and reconciliation. Any capability may be called. Not called when another plugin failed before. */
  start?(signal: AbortSignal): void | Degraded | Skipped | Promise<void | Degraded | Skipped>;
  /**
   * The plugin's section of config.toml was changed and is valid: takes over what it can.
   * @returns the keys that a restart is needed for, dotted and within the section; nothing when there are none
   */
  reload?(config: Config, signal: AbortSignal): void | readonly string[] | Promise<void | readonly string[]>;
  /** Finish and flush. Every capability is still callable; refuse new work with `unavailable`. Safe without `start`, safe twice. */
  stop?(signal: AbortSignal): void | Promise<void>;
  /** Let go of everything. No capability may be called. Safe without `stop`. */
  dispose?(signal: AbortSignal): void | Promise<void>;
}

export interface PluginDefinition<Name extends string = string, Config = unknown> {
  /** Unique among the imported plugins; also the name of its config section and the prefix of its tables. */
  readonly name: Name;
  /** The version of this contract that the plugin was written for: {@link API_VERSION}. */
  readonly api: number;
  readonly version: string;
  /** `import.meta.url` of the definition, so that reports can say where it came from. */
  readonly from: string;
  /** Schema of `[NAME]` in config.toml. Without one, the section must be absent. An absent section is validated as `{}`. */
  readonly config?: StandardSchema<unknown, Config>;
  /** When true, a failing `setup`… `start` marks the daemon degraded instead of ending it; calls to its capabilities answer `unavailable`. */
  readonly degradable?: boolean;
  /** Milliseconds for each hook; 30 000 when absent. */
  readonly deadlines?: { readonly start?: number; readonly stop?: number; readonly dispose?: number };
  /**
   * Wires the plugin: registers methods, provides capabilities, contributes to extension points, declares needs.
   * Pure but for `store.migrate`. A factory: all state lives in what it returns and captures, none in the module,
   * since two engines may live in one process.
   */
  setup(context: PluginContext<Name, Config>): PluginHooks<Config> | void;
}

/** All that a plugin ever sees of the daemon. */
export interface PluginContext<Name extends string = string, Config = unknown> {
  readonly name: Name;
  readonly log: Logger;
  readonly config: Config;
  readonly dirs: Dirs;
  readonly store: Store;
  readonly events: EventBus;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly version: VersionInfo;
  /**
   * Declares a required need (call it in `setup`) and answers a handle on the capability. The handle may be called
   * from the end of everyone's `setup` to the beginning of `dispose`; outside of that it throws `unavailable`.
   */
  need<C extends keyof NeedsOf<Name> & string>(capability: C): NonNullable<NeedsOf<Name>[C]>;
  /** As {@link need}, but the daemon starts without a provider: each call then throws `unavailable` with the reason. */
  want<C extends keyof NeedsOf<Name> & string>(
    capability: C,
  ): NonNullable<NeedsOf<Name>[C]> & { readonly available: boolean };
  provide<C extends keyof Provides & string>(capability: C, implementation: Provides[C]): void;
  contribute<P extends keyof ExtensionPoints>(point: P, contribution: ExtensionPoints[P]): void;
  /**
   * Everything contributed to a point by plugins that serve, in sorted order of the plugins' names. Complete from the end
   * of `setup`; ask each time, since a plugin that may be done without can fail after it.
   */
  contributions<P extends keyof ExtensionPoints>(point: P): readonly ExtensionPoints[P][];
  method<M extends keyof RpcMethods & string, Params>(
    name: M,
    definition: MethodDefinition<Params, RpcMethods[M]['params'], RpcMethods[M]['result']>,
  ): void;
}
