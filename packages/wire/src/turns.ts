/** How long one caller may be served before the others are looked at again. */
const SLICE_MS = 0.01;
/** The same for one that has been alone for some turns: fewer, longer slices cost less. */
const ALONE_SLICE_MS = 0.05;
const ALONE_AFTER_TURNS = 50;
/** Callers that are served in one turn of the event loop, beside those that have just come. */
const GROUPS_IN_A_TURN = 4;

/** What waits for its turn. @returns whether there is more to do */
export type Step = () => boolean;

/** What one caller has waiting, on however many connections. */
export class TurnGroup {
  readonly steps: Step[] = [];
}

/**
 * Shares this process's one thread between callers: what they send waits in a row of each caller's own, and each row is
 * served for a moment in a turn of the event loop. So whoever asks for little gets its answer at once, however much
 * others ask for, on however many connections.
 */
class Turns {
  /** Those that had nothing waiting: they are served in the very next turn. */
  #fresh: TurnGroup[] = [];
  readonly #others: TurnGroup[] = [];
  #running = false;
  #latest: TurnGroup | undefined;
  #turnsAlone = 0;

  join(group: TurnGroup, step: Step): void {
    if (group.steps.push(step) > 1) return;
    this.#fresh.push(group);
    if (this.#running) return;
    this.#running = true;
    setImmediate(this.#turn);
  }

  readonly #turn = async (): Promise<void> => {
    const served = [...this.#fresh, ...this.#others.splice(0, GROUPS_IN_A_TURN)];
    this.#fresh = [];
    const sliceMs = this.#sliceFor(served);
    for (const group of served) await this.#serve(group, sliceMs);
    this.#running = this.#fresh.length + this.#others.length > 0;
    if (this.#running) setImmediate(this.#turn);
  };

  #sliceFor(served: readonly TurnGroup[]): number {
    const alone = served.length === 1 && served[0] === this.#latest;
    this.#latest = served[0];
    this.#turnsAlone = alone ? this.#turnsAlone + 1 : 0;
    return this.#turnsAlone > ALONE_AFTER_TURNS ? ALONE_SLICE_MS : SLICE_MS;
  }

  async #serve(group: TurnGroup, sliceMs: number): Promise<void> {
    const { steps } = group;
    const end = performance.now() + sliceMs;
    for (let step = steps[0]; step !== undefined; step = steps[0]) {
      let more = step();
      // What it has set off runs as far as it can, and so within this slice.
      await null;
      while (more && performance.now() < end) {
        more = step();
        await null;
      }
      steps.shift();
      if (more) steps.push(step);
      if (performance.now() >= end) break;
    }
    if (steps.length > 0) this.#others.push(group);
  }
}

/** Of this process, as its event loop is. */
export const turns = new Turns();
