/** Every error code that a nook process answers with. The set is closed: a client may switch over it. */
export const ERROR_CODES = [
  'bad_request',
  'bad_version',
  'unknown_method',
  'bad_params',
  'unauthorized',
  'not_found',
  'already_exists',
  'conflict',
  'not_running',
  'unavailable',
  'cancelled',
  'timeout',
  'outcome_unknown',
  'operation_failed',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorOptions {
  /** What the user can do about it: one sentence, ideally with the command to type. */
  readonly hint?: string;
  /** Machine-readable facts. They travel over the wire, so they hold no secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * An error meant for the caller: a code, a sentence, and often a hint.
 * Anything else that is thrown reaches the caller as `internal`, with its message in the log only.
 * Test with {@link isNookError}, never with `instanceof`: a process may hold two copies of this package.
 */
export class NookError extends Error {
  override readonly name = 'NookError';
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
    if (options.details !== undefined) this.details = options.details;
  }
}

export function isNookError(error: unknown): error is NookError {
  return (
    error instanceof Error &&
    error.name === 'NookError' &&
    ERROR_CODES.includes((error as Partial<NookError>).code as ErrorCode)
  );
}
