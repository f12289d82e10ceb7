/** Times are milliseconds, sizes MB of 10⁶ bytes. */
type Unit = 'ms' | 'MB/s' | 'per s' | 'MB';

/** One line of the table. */
export interface Row {
  /** The measurement that it came from, as `--only` names it. */
  readonly measurement: string;
  readonly what: string;
  readonly unit: Unit;
  /** The median of `samples`, unless `what` says otherwise. */
  readonly value: number;
  readonly p99?: number;
  readonly samples: readonly number[];
  readonly target?: Target;
  /** The first is what a target compares with, where it compares. */
  readonly peers?: readonly Peer[];
}

export interface Target {
  readonly is: 'at most' | 'at least';
  readonly value: number;
}

/** The same thing done without nook, measured in the same run. */
export type Peer = MeasuredPeer | AbsentPeer;

interface MeasuredPeer {
  readonly what: string;
  readonly value: number;
  readonly p99?: number;
  readonly samples: readonly number[];
}

export interface AbsentPeer {
  readonly what: string;
  /** Why it could not be measured, and what to do about it. */
  readonly absent: string;
}

export const atMost = (value: number): Target => ({ is: 'at most', value });
export const atLeast = (value: number): Target => ({ is: 'at least', value });

/** Undefined where there is no target. */
export function isMet({ value, target }: Row): boolean | undefined {
  if (target === undefined) return undefined;
  return target.is === 'at most' ? value <= target.value : value >= target.value;
}
