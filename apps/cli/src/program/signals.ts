import { constants } from 'node:os';
import { NookError } from '@nook/daemonapi';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type EndingSignal = (typeof SIGNALS)[number];

/** How long a command may take to unwind after a signal before the process ends all the same. */
const UNWIND_MS = 5000;

/** Turns the signals that end a program into an abort, or hands them to a command that asked for them. */
export class Signals {
  readonly #abort = new AbortController();
  readonly #handlers: ((signal: EndingSignal) => void)[] = [];
  #received: EndingSignal | undefined;

  readonly signal: AbortSignal = this.#abort.signal;

  listen(): void {
    for (const name of SIGNALS) process.on(name, this.#onSignal);
  }

  /** The exit code for the signal that ended the command, if one did. */
  get exitCode(): number | undefined {
    return this.#received && 128 + constants.signals[this.#received];
  }

  take(handler: (signal: EndingSignal) => void): Disposable {
    this.#handlers.push(handler);
    return {
      [Symbol.dispose]: () => {
        const index = this.#handlers.lastIndexOf(handler);
        if (index !== -1) this.#handlers.splice(index, 1);
      },
    };
  }

  readonly #onSignal = (name: EndingSignal): void => {
    const handler = this.#handlers.at(-1);
    if (handler) {
      handler(name);
      return;
    }
    const again = this.#received !== undefined;
    this.#received = name;
    if (again) process.exit(this.exitCode);
    setTimeout(() => process.exit(this.exitCode), UNWIND_MS).unref();
    this.#abort.abort(new NookError('cancelled', `Ended by ${name}.`));
  };
}
