import { setTimeout as wait } from 'node:timers/promises';

export const ATTEMPTS = 6;
/** Where nobody listens: it may be a server that is started anew. */
export const REFUSED_ATTEMPTS = 3;
const FIRST_MS = 250;
const LONGEST_MS = 60_000;

/** How long to wait before the next attempt: what the server asks for, else twice as long each time. */
export function backoff(attempt: number, retryAfter: string | null, now: number): number {
  const asked = retryAfter === null ? Number.NaN : askedFor(retryAfter, now);
  const own = FIRST_MS * 2 ** attempt;
  return Math.min(Math.max(Number.isNaN(asked) ? own : asked, 0), LONGEST_MS);
}

export function mayRecover(status: number): boolean {
  return status === 429 || status === 408 || status >= 500;
}

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal });
}

/** Seconds, or a date. */
function askedFor(text: string, now: number): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
}
