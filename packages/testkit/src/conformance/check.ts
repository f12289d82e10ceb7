import type { Subject } from './options.ts';

/** One thing that holds for every plugin. */
export interface ConformanceCheck {
  readonly name: string;
  /** Milliseconds that it may take. */
  readonly timeoutMs?: number;
  /** @throws what does not hold */
  run(subject: Subject): Promise<void>;
}
