import { type ErrorCode, type ErrorOptions, isNookError, NookError } from '@nook/daemonapi';
import { toWireError } from '@nook/wire';

/** Longer ones are not kept: a repeated request is then told so. */
const MAX_CHARS = 256 * 1024;

type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } & ErrorOptions };

export function keptResult(result: unknown): string | null {
  return short(JSON.stringify({ result: result ?? null }));
}

export function keptError(error: unknown, opId: string): string | null {
  const { op_id: _, ...rest } = toWireError(error, opId);
  return short(JSON.stringify({ error: rest }));
}

/** The same answer again. @throws NookError as it was thrown then */
export function replay(kept: string): unknown {
  const answer = JSON.parse(kept) as Answer;
  if ('result' in answer) return answer.result;
  const { code, message, ...options } = answer.error;
  throw new NookError(code, message, options);
}

/** A call that ended so has done nothing, or has undone it: it may be made again. */
export function mayRepeat(error: unknown): boolean {
  return isNookError(error)
    ? ['cancelled', 'unavailable'].includes(error.code)
    : (error as Error)?.name === 'AbortError';
}

function short(text: string): string | null {
  return text.length <= MAX_CHARS ? text : null;
}
