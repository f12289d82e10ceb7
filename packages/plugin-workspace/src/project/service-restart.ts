import type { ServiceDefinition } from './project-contract.ts';

/** A run of this length ends a row of restarts. */
const STABLE_MS = 60_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

interface Ended {
  readonly at: number;
  /** Undefined: nobody knows. */
  readonly exit_code: number | undefined;
  /** When the run began. */
  readonly up_since: number | undefined;
}

export interface ServiceRestart {
  /** Ends in a row, with no stable run between. */
  readonly ends: number;
  /** Milliseconds since the epoch; undefined: it is left as it is. */
  readonly next_at: number | undefined;
}

/** What is done about a service that ended by itself. It is never given up: a wait that has grown to a minute costs little. */
export function planServiceRestart(
  policy: ServiceDefinition['restart'],
  before: { readonly ends: number },
  { at, exit_code, up_since }: Ended,
): ServiceRestart {
  const stable = up_since !== undefined && at - up_since >= STABLE_MS;
  const ends = stable ? 1 : before.ends + 1;
  const wanted = policy === 'always' || (policy === 'on-failure' && exit_code !== 0);
  // Doubles with each end in a row.
  const wait = Math.min(FIRST_WAIT_MS * 2 ** Math.min(ends - 1, 30), LONGEST_WAIT_MS);
  return { ends, next_at: wanted ? at + wait : undefined };
}
