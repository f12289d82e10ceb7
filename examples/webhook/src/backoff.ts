export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait before the next attempt, in milliseconds: doubled with each failure, and spread over its second
 * half, so that several senders do not come back all at once.
 * @param failures how many attempts have failed, from 1
 * @param random from 0 to 1
 */
export function backoffMs({ firstMs, maxMs }: Backoff, failures: number, random: number): number {
  const full = Math.min(firstMs * 2 ** (failures - 1), maxMs);
  return full / 2 + (full / 2) * random;
}
