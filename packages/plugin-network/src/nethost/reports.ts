import type { EgressBlocked } from '../contract.ts';

export type Report =
  | { readonly topic: 'net.egress.blocked'; readonly data: EgressBlocked }
  | { readonly topic: 'net.egress.unreported'; readonly data: { readonly network: string; readonly packets: number } };

/** Kept while no daemon listens. */
const MOST = 1000;

/** Reports on their way to the daemon, in order; while there is none the oldest go when there are too many. */
export class Reports {
  readonly #waiting: Report[] = [];
  #listener: ((report: Report) => void) | undefined;

  add(report: Report): void {
    if (this.#listener) this.#listener(report);
    else this.#waiting.push(report);
    if (this.#waiting.length > MOST) this.#waiting.shift();
  }

  /** @returns the call that ends it */
  listen(listener: (report: Report) => void): () => void {
    this.#listener = listener;
    for (const report of this.#waiting.splice(0)) listener(report);
    return () => {
      if (this.#listener === listener) this.#listener = undefined;
    };
  }
}
