import { ERROR_CODES, type ErrorCode, isNookError, NookError } from '@nook/daemonapi';

/** An error as it stands in an answer. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly op_id: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A message may quote what the caller sent; it must not fill the answer's line. */
const MAX_MESSAGE_LENGTH = 8192;

/** What the caller may see of anything thrown: a NookError as it is, of anything else only that it happened. */
export function toWireError(error: unknown, opId: string): WireError {
  if (!isNookError(error)) {
    return {
      code: 'internal',
      message: 'Something went wrong inside nook.',
      op_id: opId,
      hint: `The log has the details: look for ${opId}.`,
    };
  }
  return {
    code: error.code,
    message: error.message.slice(0, MAX_MESSAGE_LENGTH),
    op_id: opId,
    ...(error.hint === undefined ? {} : { hint: error.hint.slice(0, MAX_MESSAGE_LENGTH) }),
    ...(error.details === undefined ? {} : { details: error.details }),
  };
}

/** A NookError again, with `opId`. A code that this side does not know is `internal`, with the message kept. */
export function fromWireError(value: unknown): NookError & { readonly opId?: string } {
  const { code, message, op_id, hint, details } = (isRecord(value) ? value : {}) as Record<string, unknown>;
  const known = ERROR_CODES.includes(code as ErrorCode) ? (code as ErrorCode) : 'internal';
  const error = new NookError(known, typeof message === 'string' ? message : 'The answer holds no message.', {
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(isRecord(details) ? { details } : {}),
  });
  return typeof op_id === 'string' ? Object.assign(error, { opId: op_id }) : error;
}

/** The op id that an error carries which came over the wire. */
export function opIdOf(error: unknown): string | undefined {
  const opId = error instanceof Error ? (error as { opId?: unknown }).opId : undefined;
  return typeof opId === 'string' ? opId : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
