import { NookError, type Progress, type ReceivedEvent } from '@nook/daemonapi';
import { type EndedBy, mintOpId, type ServerCall } from '@nook/wire';

export interface LocalCallOptions {
  readonly opId?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly onEvent?: (event: ReceivedEvent) => void;
  readonly idempotencyKey?: string;
}

/** A call that comes from this process and has no connection. */
export function localCall(method: string, params: object, options: LocalCallOptions): ServerCall {
  const signal = options.signal ?? new AbortController().signal;
  return {
    request: {
      id: 0,
      method,
      params: params as Record<string, unknown>,
      opId: options.opId ?? mintOpId(),
      ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
    },
    signal,
    get cancelledBy(): EndedBy | undefined {
      return signal.aborted ? 'caller' : undefined;
    },
    progress: (progress) => options.onProgress?.(progress),
    event: (event) => options.onEvent?.(event),
    hasRoom: true,
    drained: () => Promise.resolve(),
    upgrade() {
      throw new NookError('bad_request', `'${method}' is a stream, which needs a connection.`);
    },
  };
}
