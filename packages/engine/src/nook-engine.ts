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
import { type Config, checkConfig, configTable, readConfigFile } from './config.ts';
import { Connections } from './connections.ts';
import type { ReloadReport } from './contract.ts';
import { Database, IN_MEMORY } from './database.ts';
import type { Engine } from './engine.ts';
import { engineFacts } from './engine-facts.ts';
import { type EngineOptions, systemClock } from './engine-options.ts';
import { type LocalCallOptions, localCall } from './local-call.ts';
import { logPath, openLog, type RootLog } from './log.ts';
import { OpContext } from './op-context.ts';
import { ownChecks } from './own-checks.ts';
import { ownMethods } from './own-methods.ts';
import { type Plan, problemsOf } from './plan.ts';
import { pluginReport } from './plugin-report.ts';
import { PluginSet } from './plugin-set.ts';
import { PluginSlot } from './plugin-slot.ts';
import { RefusalLog } from './refusal-log.ts';
import { reload } from './reload.ts';
import { joinErrors } from './run-hook.ts';
import { Services } from './services.ts';
import { setUp } from './set-up.ts';
import { libc } from './system/libc.ts';
import { ENGINE, Wiring } from './wiring.ts';
import { registrationProblems, wiringError } from './wiring-problems.ts';

/** An engine at work: what `createEngine` makes. */
export class NookEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #clock: Clock;
  readonly #version: VersionInfo;
  readonly #context = new OpContext();
  readonly #aborter = new AbortController();
  readonly #refusals = new RefusalLog(() => this.#log);
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
  #services: Services | undefined;
  #reloading: Promise<unknown> = Promise.resolve();
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
      whyNot: (plugin) => this.#plugins.get(plugin)?.whyNot,
      checkResults: options.checkResults === true,
      refusals: this.#refusals,
      operations: () => set(this.#services).operations,
      runner: () => set(this.#services).runner,
    });
    this.#connections = new Connections({
      handler: (access) => this.#wiring.dispatcher.handler(access),
      rules: () => ({ uid: process.getuid?.() ?? 0, granted: this.#config?.daemon.access ?? {} }),
      onUnsayable: (err, { method, opId }) =>
        this.#log.error({ err, op_id: opId, method }, 'the answer cannot be sent'),
      onRefused: ({ code, message }, opId) =>
        this.#refusals.note({ op_id: opId, code, reason: message }, 'request refused'),
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

  async plan(): Promise<Plan> {
    const problems = registrationProblems(this.#plugins.slots.map(({ definition }) => definition));
    const memory = new Database(IN_MEMORY);
    try {
      this.#config = await this.#readConfig();
      this.#dirs = this.#options.dirs ?? resolveDirs(this.#options.env, this.#config.imagesStore);
      if (problems.length === 0) this.#setup(this.#config, memory);
    } catch (error) {
      problems.push(...problemsOf(error));
    } finally {
      memory.close();
    }
    return { plugins: pluginReport(this.#plugins, this.#wiring), problems };
  }

  async effectiveConfig(): Promise<Readonly<Record<string, unknown>>> {
    return configTable(await this.#readConfig());
  }

  reload(): Promise<ReloadReport> {
    // One after the other: what each compares with is what the one before left.
    const turn = this.#reloading.then(() => this.#reload());
    this.#reloading = turn.catch(() => {});
    return turn;
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
      this.#setup(this.#config, this.#openDatabase());
      await this.#plugins.start(this.#aborter.signal, (plugin) => this.#wiring.providersFor(plugin));
      this.#aborter.signal.throwIfAborted();
      await this.#listen();
      this.#log.info({ ...this.#version, plugins: this.#plugins.slots.map(({ name }) => name) }, 'ready');
    } catch (error) {
      this.#log.error({ err: error }, 'the daemon did not start');
      throw joinErrors([error, ...(await this.#undo())], 'While undoing what had begun');
    }
  }

  async #reload(): Promise<ReloadReport> {
    const { config, report } = await reload(set(this.#config), await this.#readConfig(), this.#plugins);
    this.#config = config;
    if (this.#options.logLevel === undefined) this.#log.setLevel(config.daemon.log_level);
    this.#log.info({ ...report }, 'configuration reloaded');
    return report;
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
    this.#services?.subscriptions.end();
    await Promise.all([this.#connections.drain(this.drainMs), this.#services?.drain(this.drainMs)]);
    // Without a finished wiring no hook has run, and setup itself keeps nothing.
    const stopErrors = this.#wiring.complete ? await this.#plugins.stop() : [];
    this.#wiring.capabilities.close();
    const disposeErrors = await this.#plugins.dispose();
    this.#log.info('stopped');
    this.#database?.close();
    return [...stopErrors, ...disposeErrors];
  }

  #openDatabase(): Database {
    const busyTimeoutMs = this.#options.storeTimeoutMs ?? 5000;
    return new Database(join(this.#dirs.state, 'nook.db'), { busyTimeoutMs });
  }

  async #readConfig(): Promise<Config> {
    const path = configPath(this.#dirs);
    const table = this.#options.config ?? (await readConfigFile(path));
    return checkConfig(table, { path, plugins: this.#plugins.slots.map(({ definition }) => definition) });
  }

  #setup(config: Config, database: Database): void {
    this.#database = database;
    setUp({
      ...{ config, database, dirs: this.#dirs, clock: this.#clock, version: this.#version, log: this.#log },
      ...{ context: this.#context, plugins: this.#plugins, wiring: this.#wiring },
      wireOwn: () => this.#wireOwn(database),
    });
  }

  #wireOwn(database: Database): Services {
    const checkOwnConfig = async () => {
      await this.#readConfig();
      return configPath(this.#dirs);
    };
    for (const value of ownChecks({
      ...{ dirs: this.#dirs, database, checkConfig: checkOwnConfig },
      ...(this.#options.listen === false ? {} : { socket: socketPath(this.#dirs) }),
    })) {
      this.#wiring.contribute('doctor.check', { plugin: ENGINE, value });
    }
    const services = new Services({
      ...{ database, clock: this.#clock, log: () => this.#log, context: this.#context },
      config: () => set(this.#config).daemon,
    });
    this.#services = services;
    const facts = engineFacts({
      ...{ clock: this.#clock, version: this.#version, dirs: this.#dirs },
      ...{ startedAt: this.#startedAt, begun: this.#begun },
      ...{ plugins: this.#plugins, wiring: this.#wiring, connections: this.#connections, services },
      reload: () => this.reload(),
      requestShutdown: this.#options.onShutdown ?? (() => void this.stop()),
    });
    for (const [name, definition] of [...ownMethods(facts), ...services.methods()]) {
      this.#wiring.method({ name, plugin: ENGINE, definition });
    }
    return services;
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
}

/** What is there from the end of setup. */
function set<T>(value: T | undefined): T {
  if (value === undefined) throw new NookError('unavailable', 'The engine is not set up.');
  return value;
}
