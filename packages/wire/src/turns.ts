/** How long one connection that has more to be read may be served before the others are looked at again. */
const SLICE_MS = 0.02;

/** What waits for its turn. @returns whether there is more to do */
export type Step = () => boolean;

/**
 * Shares this process's one thread between connections: whoever has more than one line to be read waits in a row, and
 * is served for a moment when it is first in it, one in each turn of the event loop. So a caller who asks for little
 * gets its answer at once, however much others ask for.
 */
class Turns {
  readonly #row: Step[] = [];
  #running = false;

  join(step: Step): void {
    this.#row.push(step);
    if (this.#running) return;
    this.#running = true;
    setImmediate(this.#slice);
  }

  readonly #slice = async (): Promise<void> => {
    const end = performance.now() + SLICE_MS;
    for (let step = this.#row.shift(); step !== undefined; step = this.#row.shift()) {
      let more = step();
      // What a line has set off runs as far as it can meanwhile, and so within this slice.
      await null;
      while (more && performance.now() < end) {
        more = step();
        await null;
      }
      if (more) this.#row.push(step);
      if (performance.now() >= end) break;
    }
    if (this.#row.length === 0) this.#running = false;
    else setImmediate(this.#slice);
  };
}

/** Of this process, as its event loop is. */
export const turns = new Turns();
