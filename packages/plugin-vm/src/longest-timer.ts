/** What a timer of Node's can wait at most, in milliseconds; one that is to wait longer goes off at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
