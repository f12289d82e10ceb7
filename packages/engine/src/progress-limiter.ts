import type { Progress } from '@nook/daemonapi';

const INTERVAL_MS = 50;

/** Passes on at most one update in 50 ms; a new stage at once, and of what came in between the last. */
export class ProgressLimiter {
  readonly #send: (progress: Progress) => void;
  #stage: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waiting: Progress | undefined;

  constructor(send: (progress: Progress) => void) {
    this.#send = send;
  }

  update(progress: Progress): void {
    if (this.#timer !== undefined && progress.stage === this.#stage) {
      this.#waiting = progress;
      return;
    }
    this.#flush();
    this.#pass(progress);
  }

  /** Sends what waits; to be called before the answer. */
  end(): void {
    this.#flush();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #pass(progress: Progress): void {
    this.#stage = progress.stage;
    this.#send(progress);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting !== undefined) this.#pass(waiting);
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  #flush(): void {
    if (this.#waiting !== undefined) this.#send(this.#waiting);
    this.#waiting = undefined;
  }
}
