import { HostLoad } from './host-load.ts';

/** A host that is busier than this has something better to do. */
const BUSY_SHARE = 0.5;

/** What is asked of VMs, so that what can wait does. */
export class Activity {
  readonly #listeners = new Set<() => void>();
  #starts = 0;

  get busy(): boolean {
    return this.#starts > 0;
  }

  /** Something was asked. */
  touch(): void {
    this.#tell();
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

  /** @param listener called when something was asked, when a start begins, and when one has ended */
  watch(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

interface IdleWorkOptions {
  readonly activity: Activity;
  /** How long nothing must have been asked. */
  readonly idleMs: number;
  /** The host must have been idle too, for as long. */
  readonly hostToo?: boolean;
  readonly act: () => void;
}

/** Work that is put off until nothing was asked of VMs for a while; everything that is asked puts it off again. */
export class IdleWork {
  readonly #options: IdleWorkOptions;
  readonly #load = new HostLoad();
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

  /** It was asked for, and has not begun. */
  get pending(): boolean {
    return this.#due;
  }

  cancel(): void {
    this.#due = false;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const { activity, idleMs, hostToo, act } = this.#options;
    if (!this.#due || activity.busy) return;
    this.#load.reset();
    this.#timer = setTimeout(() => {
      if (hostToo && idleMs > 0 && this.#load.share() > BUSY_SHARE) return this.#wait();
      this.#due = false;
      act();
    }, idleMs);
    this.#timer.unref();
  }
}
