import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type Clock, type Dirs, NookError, type RpcMethods, registrations, type VersionInfo } from '@nook/daemonapi';
import {
  buildInfo,
  configPath,
  listenInherited,
  listenUnix,
  makeDirs,
  resolveDirs,
  socketPath,
  type UnixServer,
} from '@nook/wire';
import { CallRunner } from './call-runner.ts';
import { type Config, checkConfig, readConfigFile } from './config.ts';
import { Connections } from './connections.ts';
import type { DaemonStatus, Ping, PluginStatus } from './contract.ts';
import { retention } from './daemon-config.ts';
import { Database } from './database.ts';
import { examine } from './doctor.ts';
import { type EngineOptions, systemClock } from './engine-options.ts';
import { Bus } from './events/event-bus.ts';
import { EventLog } from './events/event-log.ts';
import { eventMethods } from './events/event-methods.ts';
import { Subscriptions } from './events/subscriptions.ts';
import { KeyRecords } from './idempotency/key-records.ts';
import { KeyedCalls } from './idempotency/keyed-calls.ts';
import { type LocalCallOptions, localCall } from './local-call.ts';
import { logPath, openLog, type RootLog } from './log.ts';
import { LoopDelay } from './metrics/loop-delay.ts';
import { metricsText } from './metrics/metrics-text.ts';
import { OperationMetrics } from './metrics/operation-metrics.ts';
import { migrate } from './migrate.ts';
import { OpContext } from './op-context.ts';
import { openRpcDocument } from './openrpc/openrpc-document.ts';
import { opMethods } from './operations/op-methods.ts';
import { OperationRecords } from './operations/operation-records.ts';
import { OperationTable } from './operations/operation-table.ts';
import { pluginOperations } from './operations/plugin-operations.ts';
import { ownChecks } from './own-checks.ts';
import { ownMethods } from './own-methods.ts';
import { OWN_TABLES, ownMigrations } from './own-migrations.ts';
import { pluginContext } from './plugin-context.ts';
import { PluginSet } from './plugin-set.ts';
import { PluginSlot } from './plugin-slot.ts';
import { PluginStore } from './plugin-store.ts';
import { joinErrors } from './run-hook.ts';
import { libc } from './system/libc.ts';
import { ENGINE, Wiring } from './wiring.ts';
import { registrationProblems, wiringError } from './wiring-problems.ts';

const FEATURES = ['idempotency_keys', 'operations'] as const;

/** A daemon without its process: plugins, dispatch, store, socket. Several may live in one process. */
export interface Engine {
  /** Known once `start` has read the configuration. */
  readonly dirs: Dirs;
  readonly log: RootLog;
  /** How long `stop` lets calls in flight go on, in milliseconds. */
  readonly drainMs: number;
  /**
   * Takes all plugins through setup, wiring check and start, then opens the socket. When anything fails, everything
   * begun is undone in reverse before it throws.
   * @throws NookError of the first failure; its cause is an AggregateError with all of them
   */
  start(): Promise<void>;
  /** The way back. Safe at any time and more than once. @throws NookError as `start` */
  stop(): Promise<void>;
  /** Calls a method in process, on the way that calls from the socket take. */
  call<M extends keyof RpcMethods & string>(
    method: M,
    params: RpcMethods[M]['params'],
    options?: LocalCallOptions,
  ): Promise<RpcMethods[M]['result']>;
}

export function createEngine(options: EngineOptions = {}): Engine {
  return new NookEngine(options);
}

class NookEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #clock: Clock;
  readonly #version: VersionInfo;
  readonly #context = new OpContext();
  readonly #aborter = new AbortController();
  readonly #wiring: Wiring;
  readonly #plugins: PluginSet;
  readonly #connections: Connections;
  readonly #startedAt: number;
  readonly #begun: number;
  #dirs: Dirs;
  #log: RootLog;
  #config: Config | undefined;
  #database: Database | undefined;
  #server: UnixServer | undefined;
  readonly #subscriptions = new Subscriptions();
  readonly #operationMetrics = new OperationMetrics();
  readonly #loopDelay = new LoopDelay();
  #operations: OperationTable | undefined;
  #runner: CallRunner | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#version = options.version ?? buildInfo;
    this.#startedAt = this.#clock.now();
    this.#begun = this.#clock.monotonic();
    this.#dirs = options.dirs ?? resolveDirs(options.env);
    this.#log = openLog('', { level: 'silent', context: this.#context });
    const plugins = options.plugins ?? registrations().map(({ definition }) => definition);
    this.#plugins = new PluginSet(
      plugins.map((definition) => new PluginSlot(definition)),
      () => this.#log,
    );
    this.#wiring = new Wiring({
      context: this.#context,
      log: () => this.#log,
      degraded: (plugin) => this.#plugins.get(plugin)?.degraded,
      checkResults: options.checkResults === true,
      operations: () => set(this.#operations),
      runner: () => set(this.#runner),
    });
    this.#connections = new Connections({
      handler: (access) => this.#wiring.dispatcher.handler(access),
      rules: () => ({ uid: process.getuid?.() ?? 0, granted: this.#config?.daemon.access ?? {} }),
      onRefused: ({ code, message }, opId) => this.#log.info({ op_id: opId, code, reason: message }, 'request refused'),
    });
  }

  get dirs(): Dirs {
    return this.#dirs;
  }

  get log(): RootLog {
    return this.#log;
  }

  get drainMs(): number {
    return (this.#config?.daemon.drain_seconds ?? 0) * 1000;
  }

  start(): Promise<void> {
    if (this.#stopping !== undefined) return Promise.reject(new NookError('unavailable', 'The engine has stopped.'));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async call<M extends keyof RpcMethods & string>(
    method: M,
    params: RpcMethods[M]['params'],
    options: LocalCallOptions = {},
  ): Promise<RpcMethods[M]['result']> {
    if (!this.#wiring.complete) throw new NookError('unavailable', 'The engine is not set up.');
    return this.#wiring.dispatcher.serve(localCall(method, params as object, options), 'admin') as Promise<
      RpcMethods[M]['result']
    >;
  }

  async #start(): Promise<void> {
    try {
      const problems = registrationProblems(this.#plugins.slots.map(({ definition }) => definition));
      if (problems.length > 0) throw wiringError(problems);
      this.#config = await this.#readConfig();
      this.#dirs = this.#options.dirs ?? resolveDirs(this.#options.env, this.#config.imagesStore);
      await makeDirs(this.#dirs);
      const level = this.#options.logLevel ?? this.#config.daemon.log_level;
      this.#log = openLog(logPath(this.#dirs), { level, context: this.#context });
      this.#setup(this.#config);
      await this.#plugins.start(this.#aborter.signal);
      this.#aborter.signal.throwIfAborted();
      await this.#listen();
      this.#log.info({ ...this.#version, plugins: this.#plugins.slots.map(({ name }) => name) }, 'ready');
    } catch (error) {
      this.#log.error({ err: error }, 'the daemon did not start');
      throw joinErrors([error, ...(await this.#undo())], 'While undoing what had begun');
    }
  }

  async #stop(): Promise<void> {
    this.#aborter.abort(new NookError('cancelled', 'The engine was stopped while it started.'));
    if (this.#starting === undefined) return;
    const started = await this.#starting.then(
      () => true,
      () => false,
    );
    // A start that failed has undone everything itself.
    if (!started) return;
    const [first, ...others] = await this.#undo();
    if (first !== undefined) throw joinErrors([first, ...others], 'And');
  }

  /** Everything back, whatever of it was begun. @returns what went wrong */
  async #undo(): Promise<unknown[]> {
    await this.#server?.close();
    this.#subscriptions.end();
    this.#loopDelay[Symbol.dispose]();
    await Promise.all([this.#connections.drain(this.drainMs), this.#operations?.drain(this.drainMs)]);
    // Without a finished wiring no hook has run, and setup itself keeps nothing.
    const stopErrors = this.#wiring.complete ? await this.#plugins.stop() : [];
    this.#wiring.capabilities.close();
    const disposeErrors = await this.#plugins.dispose();
    this.#log.info('stopped');
    this.#database?.close();
    return [...stopErrors, ...disposeErrors];
  }

  async #readConfig(): Promise<Config> {
    const path = configPath(this.#dirs);
    const table = this.#options.config ?? (await readConfigFile(path));
    return checkConfig(table, { path, plugins: this.#plugins.slots.map(({ definition }) => definition) });
  }

  /** Wires everything in one transaction of the store: a daemon that refuses to start leaves it as it was. */
  #setup(config: Config): void {
    const busyTimeoutMs = this.#options.storeTimeoutMs ?? 5000;
    const database = new Database(join(this.#dirs.state, 'nook.db'), { busyTimeoutMs });
    this.#database = database;
    database.transaction(() => {
      migrate(database, { plugin: OWN_TABLES, migrations: ownMigrations, now: this.#clock.now() });
      const events = this.#wireOwn(database);
      this.#plugins.setup(({ name, definition }) => {
        const context = pluginContext({
          name,
          wiring: this.#wiring,
          log: this.#log.child({ plugin: name }),
          config: config.plugins.get(name) ?? {},
          dirs: this.#dirs,
          store: new PluginStore(name, { database, clock: this.#clock }),
          events,
          operations: pluginOperations(name, {
            table: () => set(this.#operations),
            wiring: this.#wiring,
            context: this.#context,
          }),
          clock: this.#clock,
          version: this.#version,
        });
        // What a plugin that may fail has migrated goes back with it.
        let hooks: unknown;
        database.transaction(() => {
          hooks = definition.setup(context);
        });
        return hooks;
      });
      this.#wiring.finish(this.#plugins.lost);
    });
  }

  #wireOwn(database: Database): Bus {
    const checks = ownChecks({
      dirs: this.#dirs,
      database,
      checkConfig: async () => {
        await this.#readConfig();
        return configPath(this.#dirs);
      },
    });
    for (const value of checks) this.#wiring.contribute('doctor.check', { plugin: ENGINE, value });
    const log = this.#openEventLog(database);
    const bus = new Bus({ clock: this.#clock, log: this.#log, events: log });
    const methods = ownMethods({
      ping: () => this.#ping(),
      status: () => this.#status(),
      plugins: () => this.#pluginStatus(),
      metrics: () => this.#metrics(bus),
      discover: () => openRpcDocument(this.#wiring.dispatcher.rows(), this.#version.version),
      examine: (signal) => examine(this.#wiring.doctorChecks(), { signal }),
      requestShutdown: this.#options.onShutdown ?? (() => void this.stop()),
    });
    const rows = [
      ...methods,
      ...opMethods(this.#openOperations(database, bus)),
      ...eventMethods({ bus, log, subscriptions: this.#subscriptions }),
    ];
    for (const [name, definition] of rows) this.#wiring.method({ name, plugin: ENGINE, definition });
    return bus;
  }

  #kept(section: 'operations' | 'idempotency' | 'events') {
    return retention(set(this.#config).daemon[section]);
  }

  #openEventLog(database: Database): EventLog {
    const retained = () => this.#kept('events');
    return new EventLog({ database, retention: retained, log: () => this.#log, now: () => this.#clock.now() });
  }

  #openOperations(database: Database, bus: Bus): OperationTable {
    const clock = this.#clock;
    const log = () => this.#log;
    const operations = new OperationTable({
      ...{ clock, log, context: this.#context },
      records: new OperationRecords(database),
      retention: () => this.#kept('operations'),
      onChange: (view) => {
        const { op_id, method, state, error } = view;
        this.#operationMetrics.note(view);
        bus.publish(
          'op.state',
          { op_id, method, state, ...(error === undefined ? {} : { error: error.code }) },
          { durable: true },
        );
      },
    });
    const records = new KeyRecords(database, () => this.#kept('idempotency'));
    this.#runner = new CallRunner({
      operations,
      keyed: new KeyedCalls(records, { clock, log }),
      now: () => clock.now(),
    });
    operations.recover();
    records.recover();
    this.#operations = operations;
    return operations;
  }

  async #listen(): Promise<void> {
    if (this.#options.listen === false) return;
    const accept = (socket: Socket) => this.#connections.accept(socket);
    const path = socketPath(this.#dirs);
    const { listenFd } = this.#options;
    // Who cannot be asked for its peers must not take connections.
    libc();
    this.#server = await (listenFd === undefined ? listenUnix(path, accept) : listenInherited(listenFd, path, accept));
  }

  #ping(): Ping {
    return { ...this.#version, pid: process.pid, features: FEATURES };
  }

  #metrics(bus: Bus): string {
    return metricsText({
      calls: this.#wiring.dispatcher.metrics(),
      operations: this.#operationMetrics,
      operationsRunning: this.#operations?.running ?? 0,
      connections: { open: this.#connections.size, ...this.#connections.totals },
      events: { published: bus.published, subscribers: this.#subscriptions.size, ...this.#subscriptions.totals },
      plugins: this.#plugins.slots.map(({ name, state, startMs }) => ({ name, state, start_ms: startMs })),
      loopDelay: this.#loopDelay,
      version: this.#version.version,
      startedAt: this.#startedAt,
    });
  }

  #status(): DaemonStatus {
    return {
      ...this.#ping(),
      state: this.#plugins.lost.length === 0 ? 'ok' : 'degraded',
      started_at: this.#startedAt,
      uptime_ms: Math.round(this.#clock.monotonic() - this.#begun),
      connections: this.#connections.size,
      socket: socketPath(this.#dirs),
      dirs: this.#dirs,
      plugins: this.#plugins.slots.map((slot) => slot.brief()),
    };
  }

  #pluginStatus(): PluginStatus[] {
    const provided = this.#wiring.capabilities.provided();
    return this.#plugins.slots.map((slot) => ({
      ...slot.brief(),
      from: slot.definition.from,
      methods: this.#wiring.dispatcher.methodsOf(slot.name),
      capabilities: provided.filter(({ plugins }) => plugins.includes(slot.name)).map(({ capability }) => capability),
    }));
  }
}

/** What is there from the end of setup. */
function set<T>(value: T | undefined): T {
  if (value === undefined) throw new NookError('unavailable', 'The engine is not set up.');
  return value;
}
