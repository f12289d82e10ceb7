import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, EventBus, ExtensionPoints } from '@nook/daemonapi';
import { createEngine, type Engine } from '@nook/engine';
import type { AnyPlugin } from './any-plugin.ts';
import { fakesPlugin } from './fakes.ts';
import { LeakError } from './leaks/leak-error.ts';
import { ProcessListeners } from './leaks/process-listeners.ts';
import { type ResourceScope, resourceScope } from './leaks/resource-tracker.ts';
import { Observed, observe } from './observe.ts';

export interface BoxOptions {
  readonly plugins: readonly AnyPlugin[];
  readonly fakes?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
}

/** Stands in every box: it holds the event bus, and provides the fakes. */
const OWN_PLUGIN = 'testkit';

/** How long what a daemon held may take to close after it has stopped. */
const CLOSE_MS = 2000;

/** A real engine in a folder of its own, watched from its first step to its last. */
export class Box implements AsyncDisposable {
  readonly engine: Engine;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Read by the engine whenever it would read config.toml. */
  readonly #config: Record<string, unknown>;
  readonly #temporary: string | undefined;
  readonly #observed: ReadonlyMap<string, Observed>;
  readonly #scope: ResourceScope = resourceScope();
  readonly #listeners = new ProcessListeners(() => this.#scope.inPlugin);
  #stopping: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  static async create(options: BoxOptions): Promise<Box> {
    return new Box(options, options.home ?? (await mkdtemp(join(tmpdir(), 'nook-'))));
  }

  private constructor({ plugins, fakes = {}, config = {}, env = {}, clock, home }: BoxOptions, dir: string) {
    this.home = dir;
    this.#temporary = home === undefined ? dir : undefined;
    this.env = { ...env, NOOK_HOME: dir };
    this.#config = { ...config };
    const all = [...plugins, fakesPlugin(OWN_PLUGIN, fakes)];
    this.#observed = new Map(all.map(({ name }) => [name, new Observed()]));
    const observed = all.map((plugin) =>
      observe(plugin, this.of(plugin.name), (work) => this.#scope.run(work, plugin.name)),
    );
    this.engine = createEngine({
      plugins: observed,
      env: this.env,
      config: this.#config,
      logLevel: 'debug',
      checkResults: true,
      ...(clock === undefined ? {} : { clock }),
    });
  }

  of(plugin: string): Observed {
    return this.#observed.get(plugin) as Observed;
  }

  get observed(): readonly Observed[] {
    return [...this.#observed.values()];
  }

  /** Everything contributed to a point. */
  contributed<P extends keyof ExtensionPoints & string>(point: P): readonly ExtensionPoints[P][] {
    const all = this.observed.flatMap(({ contributed }) => contributed);
    return all.filter((found) => found.point === point).map(({ value }) => value as ExtensionPoints[P]);
  }

  /** Of the engine. Known once it is set up. */
  get events(): EventBus {
    return this.of(OWN_PLUGIN).events as EventBus;
  }

  /** What config.toml would hold from now on, once somebody reads it. */
  configure(config: Readonly<Record<string, unknown>>): void {
    for (const section of Object.keys(this.#config)) delete this.#config[section];
    Object.assign(this.#config, config);
  }

  start(): Promise<void> {
    return this.#scope.run(() => this.engine.start());
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#scope.run(() => this.engine.stop());
    return this.#stopping;
  }

  /** Stops the engine and removes the home. @throws LeakError when something of it is still there */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    using scope = this.#scope;
    using listeners = this.#listeners;
    try {
      // Whoever stopped it before was told how that went.
      await (this.#stopping?.catch(() => {}) ?? this.stop());
      const leaks = [...(await scope.left(CLOSE_MS)), ...listeners.left(), ...this.#subscriptions()];
      if (leaks.length > 0) throw new LeakError(leaks);
    } finally {
      if (this.#temporary !== undefined) await rm(this.#temporary, { recursive: true, force: true });
    }
  }

  #subscriptions(): string[] {
    return [...this.#observed].flatMap(([plugin, { subscriptions }]) =>
      [...subscriptions].map(({ pattern }) => `a subscription of plugin '${plugin}' to '${pattern}'`),
    );
  }
}
