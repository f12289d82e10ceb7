/** Beyond the time that calls in flight are given: what the plugins need to stop. */
const STOP_MS = 30_000;

export interface ExitPathOptions {
  /** Ends everything in order. What it throws makes the exit code that of a failure. */
  readonly stop: () => Promise<void>;
  /** How long calls in flight may take, in milliseconds. */
  readonly drainMs: () => number;
  /** Reads the configuration again; throws nothing. */
  readonly reload: () => Promise<void>;
  readonly report: (error: unknown, what: string) => void;
}

/** The one way out of the process: signals, fatal errors and the method `shutdown` all come here. */
export class ExitPath {
  readonly #options: ExitPathOptions;
  #leaving = false;

  constructor(options: ExitPathOptions) {
    this.#options = options;
  }

  /** The process is ending; its exit code is decided here. */
  get leaving(): boolean {
    return this.#leaving;
  }

  install(): void {
    process.on('SIGTERM', () => this.leave(0));
    process.on('SIGINT', () => this.leave(0));
    // Nor does a terminal that closes end a daemon that was started from it.
    process.on('SIGHUP', () => void this.#options.reload());
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (error: unknown) => {
        this.#options.report(error, 'fatal error');
        this.leave(1);
      });
    }
  }

  /** Ends the process with `code`, or with 1 when stopping fails or takes too long. */
  leave(code: number): void {
    if (this.#leaving) {
      // A fatal error on the way out must not pass for success.
      if (code !== 0) process.exitCode = code;
      return;
    }
    this.#leaving = true;
    process.exitCode = code;
    setTimeout(() => {
      this.#options.report(new Error('the daemon did not stop in time'), 'forced exit');
      process.exit(1);
    }, this.#options.drainMs() + STOP_MS);
    this.#options.stop().then(
      () => process.exit(),
      (error: unknown) => {
        this.#options.report(error, 'the daemon did not stop cleanly');
        process.exit(1);
      },
    );
  }
}
