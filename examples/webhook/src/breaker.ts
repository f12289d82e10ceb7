import type { BreakerState } from './contract.ts';

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long it stays open, in milliseconds. */
  readonly openMs: number;
}

/** A circuit breaker as data; times are monotonic milliseconds. */
export interface Breaker {
  readonly failures: number;
  /** Until when nothing is tried; absent while it is closed. */
  readonly openUntil?: number;
}

export const CLOSED: Breaker = { failures: 0 };

export function stateOf({ openUntil }: Breaker, now: number): BreakerState {
  if (openUntil === undefined) return 'closed';
  return now < openUntil ? 'open' : 'half_open';
}

/** After a failed attempt. One that fails in `half_open` opens it at once. */
export function afterFailure(breaker: Breaker, options: BreakerOptions, now: number): Breaker {
  const failures = breaker.failures + 1;
  return failures < options.failures ? { failures } : { failures, openUntil: now + options.openMs };
}

/** How long until an attempt may be made, in milliseconds. */
export function waitOf({ openUntil }: Breaker, now: number): number {
  return openUntil === undefined ? 0 : Math.max(0, openUntil - now);
}
