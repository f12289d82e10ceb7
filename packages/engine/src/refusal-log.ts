import type { Logger } from '@nook/daemonapi';

/** Lines in a second; beyond them, only how many there were. */
const MOST = 200;
const SECOND_MS = 1000;

/** Notes what was refused, without letting whoever provokes refusals fill the disk. */
export class RefusalLog {
  readonly #log: () => Logger;
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;

  constructor(log: () => Logger) {
    this.#log = log;
  }

  note(fields: Readonly<Record<string, unknown>>, message: string): void {
    const now = performance.now();
    if (now - this.#since >= SECOND_MS) {
      const left = this.#lines - MOST;
      if (left > 0) this.#log().warn({ left_out: left }, 'more was refused than is noted here');
      this.#since = now;
      this.#lines = 0;
    }
    if (++this.#lines <= MOST) this.#log().info(fields, message);
  }
}
