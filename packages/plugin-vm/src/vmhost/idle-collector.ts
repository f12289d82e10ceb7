/** Bytes that pass through before their buffers are worth collecting. */
const WORTH_IT = 4 * 1024 * 1024;
const QUIET_MS = 500;

/**
 * Collects garbage once traffic has paused. The buffers of the bytes that passed through weigh nothing in V8's own
 * accounting, so it would keep tens of megabytes of them for as long as the VM is idle.
 */
export class IdleCollector {
  readonly #collect: (() => void) | undefined;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param collect the `gc` of `node --expose-gc`; without one this does nothing */
  constructor(collect: (() => void) | undefined) {
    this.#collect = collect;
  }

  /** So much passed through. */
  passed(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= WORTH_IT) this.soon();
  }

  /** There is something to collect: once traffic has paused. */
  soon(): void {
    if (!this.#collect) return;
    if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#now(), QUIET_MS).unref();
  }

  #now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#bytes = 0;
    this.#collect?.();
  }
}
