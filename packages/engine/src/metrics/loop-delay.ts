import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Coarse: every look wakes the process up. */
const RESOLUTION_MS = 100;

/** How late the event loop is: what every call waits for. Measured from the first time that it is asked for. */
export class LoopDelay implements Disposable {
  #histogram: ReturnType<typeof monitorEventLoopDelay> | undefined;

  /** Seconds, over all that was measured; zeros the first time. */
  read(): { readonly p50: number; readonly p99: number; readonly max: number } {
    if (this.#histogram === undefined) {
      this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.#histogram.enable();
      return { p50: 0, p99: 0, max: 0 };
    }
    const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
    const histogram = this.#histogram;
    if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
    return {
      p50: seconds(histogram.percentile(50)),
      p99: seconds(histogram.percentile(99)),
      max: seconds(histogram.max),
    };
  }

  [Symbol.dispose](): void {
    this.#histogram?.disable();
  }
}
