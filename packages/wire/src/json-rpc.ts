import { type ErrorCode, NookError, type Progress } from '@nook/daemonapi';
import type { WireEvent } from './answer.ts';
import type { Addressee, RequestId } from './request.ts';
import type { WireError } from './wire-error.ts';

/** Codes of JSON-RPC 2.0; what it has none for is a server error, told apart by `error.data.code`. */
const CODES: Partial<Record<ErrorCode, number>> = {
  bad_request: -32600,
  bad_version: -32600,
  unknown_method: -32601,
  bad_params: -32602,
  internal: -32603,
};
const SERVER_ERROR = -32000;
const PARSE_ERROR = -32700;

/** The line was no JSON at all, which JSON-RPC tells apart from a request that is wrong. */
export class NotJson extends NookError {
  constructor() {
    super('bad_request', 'The line is not JSON.');
  }
}

export function jsonRpcAnswer(to: Addressee, fields: Record<string, unknown>): string {
  const result = 'result' in fields ? fields.result : fields;
  return `{"jsonrpc":"2.0","id":${idText(to.id)},"result":${JSON.stringify(result)}}\n`;
}

export function jsonRpcError(to: Addressee, error: WireError, cause: unknown): string {
  const { code, message, ...data } = error;
  const number = cause instanceof NotJson ? PARSE_ERROR : (CODES[code] ?? SERVER_ERROR);
  const body = JSON.stringify({ code: number, message, data: { code, ...data } });
  return `{"jsonrpc":"2.0","id":${idText(to.id)},"error":${body}}\n`;
}

export function jsonRpcProgress(to: Addressee, progress: Progress, elapsedMs: number): string {
  return notification('progress', { id: to.id, progress: { ...progress, elapsed_ms: elapsedMs } });
}

export function jsonRpcEvent(to: Addressee, event: WireEvent): string {
  return notification('event', { id: to.id, event });
}

function notification(method: string, params: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', method, params })}\n`;
}

function idText(id: RequestId | undefined): string {
  return id === undefined ? 'null' : JSON.stringify(id);
}
