import { NookError, type Progress } from '@nook/daemonapi';
import { mintOpId, type ServerCall } from '@nook/wire';

export interface LocalCallOptions {
  readonly opId?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** A call that comes from this process and has no connection. */
export function localCall(method: string, params: object, options: LocalCallOptions): ServerCall {
  return {
    request: { id: 0, method, params: params as Record<string, unknown>, opId: options.opId ?? mintOpId() },
    signal: options.signal ?? new AbortController().signal,
    progress: (progress) => options.onProgress?.(progress),
    event() {},
    upgrade() {
      throw new NookError('bad_request', `'${method}' is a stream, which needs a connection.`);
    },
  };
}
