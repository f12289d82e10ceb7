/** Upper bounds in seconds, from a ping to an image that is built. */
export const BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1, 5, 30, 120, 600] as const;

/** Counts durations. What every call pays for it is one look into a short list. */
export class Histogram {
  readonly #counts = new Array<number>(BOUNDS.length + 1).fill(0);
  #sum = 0;
  #count = 0;

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += seconds;
    this.#count++;
  }

  /** `buckets` are cumulative, as Prometheus wants them; the last one has no bound. */
  get totals(): { readonly buckets: readonly number[]; readonly sum: number; readonly count: number } {
    let running = 0;
    const buckets = this.#counts.map((count) => {
      running += count;
      return running;
    });
    return { buckets, sum: this.#sum, count: this.#count };
  }
}
