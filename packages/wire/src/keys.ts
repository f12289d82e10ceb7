import { MAX_KEY_LENGTH } from './limits.ts';

export const OP_ID_RULE = "must be 1 to 64 letters, digits, '.', '_' or '-'";
export const KEY_RULE = `must be a string of 1 to ${MAX_KEY_LENGTH} characters`;

/** Whether a value may serve as an idempotency key. */
export function isKey(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_KEY_LENGTH;
}
