import type { Clock, Dirs, VersionInfo } from '@nook/daemonapi';
import type { LogLevel } from './log.ts';
import type { AnyPlugin } from './wiring-problems.ts';

/** All optional: without any, an engine is what `nookd` runs. */
export interface EngineOptions {
  /** What is registered in this process when absent. */
  readonly plugins?: readonly AnyPlugin[];
  /** Where directories are resolved from; the process's environment when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Instead of those that follow from `env`. */
  readonly dirs?: Dirs;
  /** The content of config.toml, which is then not read. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Instead of `[daemon] log_level`; `silent` opens no file. */
  readonly logLevel?: LogLevel;
  readonly clock?: Clock;
  readonly version?: VersionInfo;
  /** Listen on the socket of the run directory; true when absent. */
  readonly listen?: boolean;
  /** A listening socket that this process inherited, instead of one in the run directory. */
  readonly listenFd?: number;
  /** Validate what methods answer; for tests. */
  readonly checkResults?: boolean;
  /** Milliseconds to wait for another process's lock on the store; 5000 when absent. */
  readonly storeTimeoutMs?: number;
  /** What the method `shutdown` does; stops this engine when absent. */
  readonly onShutdown?: () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
