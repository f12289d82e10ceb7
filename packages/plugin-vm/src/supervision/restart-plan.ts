import { formatDuration } from './duration.ts';
import type { RestartPolicy } from './restart-policy.ts';

/** A run of this length ends a row of restarts. */
export const STABLE_MS = 60_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** How the restarts of one VM stand. Times are of the wall clock, in milliseconds. */
export interface RestartState {
  /** Since somebody asked for a start. */
  readonly restarts: number;
  /** Ends in a row, with no stable run between. */
  readonly ends: number;
  /** The first of them. */
  readonly since?: number | undefined;
  readonly next_at?: number | undefined;
  /** It ended too often in a row. */
  readonly gave_up?: boolean | undefined;
}

export const NO_RESTARTS: RestartState = { restarts: 0, ends: 0 };

/** How a VM ended. */
export interface Ended {
  readonly at: number;
  readonly failed: boolean;
  readonly cause: string;
  /** Absent: by itself. `host`: the host was restarted. */
  readonly by?: 'asked' | 'signal' | 'limit' | 'host' | undefined;
  /** When the run began; undefined: it never came up. */
  readonly up_since?: number | undefined;
}

export type RestartDecision =
  | { readonly what: 'leave'; readonly state: RestartState }
  | { readonly what: 'restart'; readonly at: number; readonly state: RestartState }
  | { readonly what: 'give_up'; readonly cause: string; readonly state: RestartState };

/** What is done about an end that nobody asked for. */
export function planRestart(policy: RestartPolicy, before: RestartState, ended: Ended): RestartDecision {
  const wanted = policy.mode === 'always' || (policy.mode === 'on-failure' && ended.failed);
  if (!wanted || ended.by !== undefined) return { what: 'leave', state: { ...before, next_at: undefined } };
  const stable = ended.up_since !== undefined && ended.at - ended.up_since >= STABLE_MS;
  const ends = stable ? 1 : before.ends + 1;
  const since = stable ? ended.at : (before.since ?? ended.at);
  const state = { ...before, ends, since, next_at: undefined };
  if (ends > policy.max) {
    const cause = `it ended ${ends} times in ${formatDuration(ended.at - since)} and is not restarted any more: ${ended.cause}`;
    return { what: 'give_up', cause, state: { ...state, gave_up: true } };
  }
  const at = ended.at + waitMs(ends);
  return { what: 'restart', at, state: { ...state, next_at: at } };
}

/** Doubles with each end in a row. */
function waitMs(ends: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(ends - 1, 30), LONGEST_WAIT_MS);
}

/** A restart begins. It stays due until it has come about, also for the next daemon. */
export function restarting(state: RestartState): RestartState {
  return { ...state, restarts: state.restarts + 1 };
}
