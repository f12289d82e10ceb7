import type { Subject } from './options.ts';

/** One thing that holds for every plugin. */
export interface ConformanceCheck {
  readonly name: string;
  /** Milliseconds that it may take. */
  readonly timeoutMs?: number;
  /** @throws what does not hold; answers why where it could not be seen */
  run(subject: Subject): Promise<void | Skipped>;
}

/** A check that is bound to what it checks. */
export interface BoundCheck {
  readonly name: string;
  /** Milliseconds that it may take. */
  readonly timeoutMs: number;
  /** @throws what does not hold; answers why where there is nothing to hold */
  run(): Promise<void | Skipped>;
}

export interface Skipped {
  readonly skipped: string;
}
