import { isNookError } from '@nook/daemonapi';

/** NOOK_FUZZ_SECONDS looks for longer; it is shared by the properties of a file. */
const seconds = Number(process.env.NOOK_FUZZ_SECONDS ?? 2) / 4;

/** How long one property is looked into. */
export const effort = { numRuns: 1_000_000, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false };

/** Of the test around it, in milliseconds. */
export const FUZZ_LIMIT_MS = (seconds + 30) * 1000;

/** Whatever comes in, what is thrown is an error for the user. */
export function typed(act: () => unknown): boolean {
  try {
    act();
  } catch (error) {
    if (!isNookError(error)) throw error;
  }
  return true;
}
