/** How many starts are in progress, so that what can wait does. */
export class Activity {
  readonly #listeners = new Set<() => void>();
  #starts = 0;

  get busy(): boolean {
    return this.#starts > 0;
  }

  /** Counts `work` as a start while it lasts. */
  async start<T>(work: () => Promise<T>): Promise<T> {
    this.#starts++;
    this.#tell();
    try {
      return await work();
    } finally {
      this.#starts--;
      this.#tell();
    }
  }

  /** @param listener called when a start begins and when one has ended */
  watch(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

interface IdleWorkOptions {
  readonly activity: Activity;
  /** How long nothing must have been started. */
  readonly idleMs: number;
  readonly act: () => void;
}

/** Work that is put off until nothing was started for a while; every start puts it off again. */
export class IdleWork {
  readonly #options: IdleWorkOptions;
  #due = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IdleWorkOptions) {
    this.#options = options;
    options.activity.watch(() => this.#wait());
  }

  /** There is something to do: `act` is called once the time has come. */
  ask(): void {
    this.#due = true;
    this.#wait();
  }

  cancel(): void {
    this.#due = false;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const { activity, idleMs, act } = this.#options;
    if (!this.#due || activity.busy) return;
    this.#timer = setTimeout(() => {
      this.#due = false;
      act();
    }, idleMs);
    this.#timer.unref();
  }
}
