import { HostLoad } from './host-load.ts';

/** A host that is busier than this has something better to do. */
const BUSY_SHARE = 0.5;

/** What is asked of VMs, so that what can wait does. */
export class Activity {
  readonly #listeners = new Set<(what: 'start' | 'other') => void>();
  #starts = 0;

  get busy(): boolean {
    return this.#starts > 0;
  }

  /** Something was asked. */
  touch(): void {
    this.#tell('other');
  }

  /** Counts `work` as a start while it lasts. */
  async start<T>(work: () => Promise<T>): Promise<T> {
    this.#starts++;
    this.#tell('start');
    try {
      return await work();
    } finally {
      this.#starts--;
      this.#tell('start');
    }
  }

  /** @param listener called when a start begins and when it has ended, and when anything else was asked */
  watch(listener: (what: 'start' | 'other') => void): void {
    this.#listeners.add(listener);
  }

  #tell(what: 'start' | 'other'): void {
    for (const listener of this.#listeners) listener(what);
  }
}

interface IdleWorkOptions {
  readonly activity: Activity;
  /** How long nothing must have been started. */
  readonly idleMs: number;
  /** For as long nothing else must have been asked either, and the host must have had little to do. */
  readonly patient?: boolean;
  readonly act: () => void;
}

/** Work that is put off until no VM was started for a while; every start puts it off again. */
export class IdleWork {
  readonly #options: IdleWorkOptions;
  readonly #load = new HostLoad();
  #due = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IdleWorkOptions) {
    this.#options = options;
    options.activity.watch((what) => {
      if (what === 'start' || options.patient) this.#wait();
    });
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
    const { activity, idleMs, patient, act } = this.#options;
    if (!this.#due || activity.busy) return;
    this.#load.reset();
    this.#timer = setTimeout(() => {
      if (patient && idleMs > 0 && this.#load.share() > BUSY_SHARE) return this.#wait();
      this.#due = false;
      act();
    }, idleMs);
    this.#timer.unref();
  }
}
