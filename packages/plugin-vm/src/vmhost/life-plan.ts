import { formatDuration } from '../supervision/duration.ts';
import type { LifeLimits } from '../supervision/life.ts';

/** Times are of one monotonic clock, in milliseconds. */
export interface LifeFacts {
  readonly began: number;
  /** Since when nobody uses it; undefined while somebody does, and while it is paused. */
  readonly quietSince: number | undefined;
}

export interface DueEnd {
  readonly at: number;
  readonly cause: string;
}

/** When a machine is to be stopped, as things stand, and why. */
export function dueEnd(
  { idle_timeout_ms, max_duration_ms }: LifeLimits,
  { began, quietSince }: LifeFacts,
): DueEnd | undefined {
  const ends: DueEnd[] = [];
  if (max_duration_ms !== undefined) {
    const cause = `it had run for ${formatDuration(max_duration_ms)}, as long as it may`;
    ends.push({ at: began + max_duration_ms, cause });
  }
  if (idle_timeout_ms !== undefined && quietSince !== undefined) {
    ends.push({ at: quietSince + idle_timeout_ms, cause: `it was idle for ${formatDuration(idle_timeout_ms)}` });
  }
  return ends.toSorted((a, b) => a.at - b.at)[0];
}
