import { LONGEST_TIMER_MS } from '../longest-timer.ts';
import type { LifeLimits } from '../supervision/life.ts';
import { dueEnd } from './life-plan.ts';

interface LifeOptions {
  /** Somebody uses the machine, or it is paused. */
  readonly inUse: () => boolean;
  /** The machine is to be stopped. */
  readonly onDue: (cause: string) => void;
  readonly now: () => number;
}

/** Ends a machine that nobody uses any more, or that has run long enough. */
export class LifeTimer {
  readonly #options: LifeOptions;
  #limits: LifeLimits = {};
  #began: number | undefined;
  #quietSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LifeOptions) {
    this.#options = options;
  }

  /** @param at when its start began */
  begin(at: number, limits: LifeLimits): void {
    this.#began = at;
    this.#limits = limits;
    this.look();
  }

  /** Other limits. Whoever sets them has an interest in the machine: what is idle is idle from now on. */
  change(limits: LifeLimits): void {
    this.#limits = limits;
    this.look();
  }

  /** Something began or ended: what is idle is idle from now on. */
  look(): void {
    if (this.#began === undefined) return;
    this.#quietSince = this.#options.inUse() ? undefined : this.#options.now();
    this.#arm();
  }

  done(): void {
    clearTimeout(this.#timer);
    this.#began = undefined;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#began === undefined) return;
    const due = dueEnd(this.#limits, { began: this.#began, quietSince: this.#quietSince });
    if (!due) return;
    const wait = due.at - this.#options.now();
    if (wait > 0) this.#timer = setTimeout(() => this.#arm(), Math.min(Math.ceil(wait), LONGEST_TIMER_MS)).unref();
    else {
      this.done();
      this.#options.onDue(due.cause);
    }
  }
}
