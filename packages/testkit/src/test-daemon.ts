import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, type NookClient } from '@nook/client';
import {
  type Clock,
  type Dirs,
  type EventBus,
  type ExtensionPoints,
  NookError,
  type NookEvent,
  type PluginDefinition,
  type Provides,
} from '@nook/daemonapi';
import type { DoctorReport, ReloadReport } from '@nook/engine';
import { Box } from './box.ts';
import type { Fakes } from './fakes.ts';

/** What config.toml holds: section → keys. */
export type TestConfig = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface TestDaemonOptions<Name extends string = string> {
  /** The plugin under test, and the real ones that it works with. */
  // biome-ignore lint/suspicious/noExplicitAny: plugins of any config type
  readonly plugins: readonly PluginDefinition<Name, any>[];
  /** Stand-ins for capabilities that none of `plugins` provides. */
  readonly fakes?: Fakes<NoInfer<Name>>;
  readonly config?: TestConfig;
  /** Instead of the machine's. Timers that a plugin sets run by the machine's all the same. */
  readonly clock?: Clock;
  /** What directories are resolved from, beside the home: `NOOK_STORE` for instance. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A folder to run in that is kept, to start a second daemon on the state of the first; made and removed when absent. */
  readonly home?: string;
}

/** A daemon that runs in this process, and a client of its socket. */
export interface TestDaemon extends AsyncDisposable {
  readonly home: string;
  readonly dirs: Dirs;
  readonly client: NookClient;
  /** Calls a method over the socket, as the command line does. @throws NookError as the daemon answered it */
  readonly call: NookClient['call'];
  /** The bus of the daemon: publish what other plugins would, listen to what the one under test publishes. */
  readonly events: EventBus;
  /** The next event of a topic that matches. @throws NookError `timeout`; 5 s when no other time is given */
  nextEvent(pattern: string, options?: { readonly timeoutMs?: number }): Promise<NookEvent>;
  /** What a plugin provides under that name. @throws NookError `not_found` */
  capability<C extends keyof Provides & string>(name: C): Provides[C];
  /** Everything contributed to a point. */
  contributions<P extends keyof ExtensionPoints & string>(point: P): readonly ExtensionPoints[P][];
  /** Changes the config of the running daemon, as an edited config.toml and `nook daemon reload` do. @throws NookError `bad_params` */
  reload(config: TestConfig): Promise<ReloadReport>;
  /** Runs all doctor checks. */
  doctor(): Promise<DoctorReport>;
  /** The lines of the daemon's log so far. */
  log(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /**
   * Ends the daemon as a signal would. Done by `await using` as well, which also looks for what is left of it.
   * @throws NookError when a plugin does not stop; LeakError from `await using`
   */
  stop(): Promise<void>;
}

/**
 * Starts a daemon of these plugins: the real engine with its store, log and socket, in a folder of its own. Use it with
 * `await using`: at the end it is stopped, and fails the test when it left timers, sockets, child processes or listeners.
 * @throws NookError as the engine's start; everything begun is undone by then
 */
export async function startTestDaemon<const Name extends string>(
  options: TestDaemonOptions<Name>,
): Promise<TestDaemon> {
  const box = await Box.create(options as TestDaemonOptions);
  try {
    await box.start();
  } catch (error) {
    await box[Symbol.asyncDispose]();
    throw error;
  }
  return new RunningDaemon(box);
}

class RunningDaemon implements TestDaemon {
  readonly client: NookClient;
  readonly call: NookClient['call'];
  readonly #box: Box;

  constructor(box: Box) {
    this.#box = box;
    this.client = createClient({ env: box.env });
    this.call = this.client.call.bind(this.client);
  }

  get home(): string {
    return this.#box.home;
  }

  get dirs(): Dirs {
    return this.#box.engine.dirs;
  }

  get events(): EventBus {
    return this.#box.events;
  }

  nextEvent(pattern: string, { timeoutMs = 5000 }: { readonly timeoutMs?: number } = {}): Promise<NookEvent> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        unsubscribe();
        settle();
      };
      const unsubscribe = this.events.subscribe(pattern, (event) => end(() => resolve(event)));
      const late = () => new NookError('timeout', `No event of '${pattern}' came in ${timeoutMs} ms.`);
      const timer = setTimeout(() => end(() => reject(late())), timeoutMs);
    });
  }

  capability<C extends keyof Provides & string>(name: C): Provides[C] {
    const found = this.#box.observed.find(({ provided }) => provided.has(name))?.provided.get(name);
    if (found === undefined) throw new NookError('not_found', `No plugin of this daemon provides '${name}'.`);
    return found as Provides[C];
  }

  contributions<P extends keyof ExtensionPoints & string>(point: P): readonly ExtensionPoints[P][] {
    return this.#box.contributed(point);
  }

  reload(config: TestConfig): Promise<ReloadReport> {
    this.#box.configure(config);
    return this.call('daemon.reload', {});
  }

  doctor(): Promise<DoctorReport> {
    return this.call('daemon.doctor', {});
  }

  async log(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const text = await readFile(join(this.dirs.state, 'logs/nookd.log'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async stop(): Promise<void> {
    await this.#box.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.#box[Symbol.asyncDispose]();
  }
}
