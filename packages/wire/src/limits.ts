/** Longest line in either direction, in bytes, its newline not counted. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** Deepest nesting of objects and arrays that a request may have. */
export const MAX_DEPTH = 512;

/** Most values that a request may hold, as far as commas tell: reading millions of them would keep others waiting. */
export const MAX_VALUES = 100_000;

/** Calls that one connection may have in flight; more lines wait unread. */
export const MAX_CALLS_IN_FLIGHT = 1024;

/** Bytes waiting for a slow reader above which its connection is not read any more. */
export const MAX_WAITING_BYTES = 256 * 1024;

/** Bytes waiting for all slow readers of a process together, above which none of them is read any more. */
export const MAX_ALL_WAITING_BYTES = 16 * 1024 * 1024;

/** Bytes waiting for a slow reader above which progress and events for it are dropped. */
export const MAX_WAITING_NEWS_BYTES = 128 * 1024;

/** Longest payload of one frame, in bytes. */
export const MAX_FRAME_BYTES = 1024 * 1024;

/** Longest string accepted as a request's `id` or `idempotency_key`, in UTF-16 units. */
export const MAX_KEY_LENGTH = 256;

/** Bytes of a line as {@link MAX_LINE_BYTES} counts them; an upper bound where that is within it. */
export function lineBytes(line: string): number {
  // A UTF-16 unit takes at most three bytes, so that most lines need no counting.
  const most = line.length * 3;
  return most <= MAX_LINE_BYTES ? most : Buffer.byteLength(line) - (line.endsWith('\n') ? 1 : 0);
}
