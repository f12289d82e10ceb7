import type { Dirs, RpcMethods } from '@nook/daemonapi';
import type { ReloadReport } from './contract.ts';
import type { EngineOptions } from './engine-options.ts';
import type { LocalCallOptions } from './local-call.ts';
import type { RootLog } from './log.ts';
import { NookEngine } from './nook-engine.ts';
import type { Plan } from './plan.ts';

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
  /**
   * What this daemon would be made of: reads the configuration and sets the plugins up with a store in memory. Starts
   * nothing, makes nothing. An engine that was asked this is not to be started.
   */
  plan(): Promise<Plan>;
  /** config.toml with all defaults, checked. @throws NookError `bad_params` with all that is wrong */
  effectiveConfig(): Promise<Readonly<Record<string, unknown>>>;
  /** Reads config.toml again and takes over what it can. @throws NookError `bad_params`; nothing has changed then */
  reload(): Promise<ReloadReport>;
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
