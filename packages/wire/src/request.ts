import { NookError } from '@nook/daemonapi';
import { MAX_DEPTH, MAX_KEY_LENGTH } from './limits.ts';
import { isOpId, mintOpId } from './op-id.ts';
import { isRecord } from './wire-error.ts';

export type RequestId = number | string;

export interface RpcRequest {
  /** Absent: the connection serves this one request. */
  readonly id?: RequestId;
  readonly method: string;
  /** `{}` when absent on the wire. */
  readonly params: Record<string, unknown>;
  /** Adopted from the caller, minted otherwise. */
  readonly opId: string;
  readonly idempotencyKey?: string;
}

export type Message =
  | { readonly kind: 'request'; readonly request: RpcRequest }
  | { readonly kind: 'cancel'; readonly id: RequestId };

/** A line that is no request, with what could be read of it, so that its answer finds its way. */
export class UnreadableRequest {
  readonly error: NookError;
  readonly id: RequestId | undefined;
  readonly opId: string;

  constructor(error: NookError, id?: RequestId, opId = mintOpId()) {
    this.error = error;
    this.id = id;
    this.opId = opId;
  }
}

/** Reads one line. Never throws. */
export function readMessage(line: string): Message | UnreadableRequest {
  let value: unknown;
  try {
    if (isTooDeep(line)) return unreadable(`The request is nested deeper than ${MAX_DEPTH} levels.`);
    value = JSON.parse(line);
  } catch {
    return unreadable('The line is not JSON.');
  }
  if (!isRecord(value)) return unreadable('A request is a JSON object.');

  const { version, id, method, params, op_id, cancel, idempotency_key: key } = value;
  if (id !== undefined && !isRequestId(id)) return unreadable("'id' must be a number or a string.");
  const opId = isOpId(op_id) ? op_id : mintOpId();
  const refuse = (code: 'bad_request' | 'bad_version' | 'bad_params', message: string, hint?: string) =>
    new UnreadableRequest(new NookError(code, message, hint === undefined ? {} : { hint }), id, opId);

  if (version !== 1) {
    return refuse('bad_version', 'This version of the wire is not spoken here.', 'Send "version":1.');
  }
  if (cancel !== undefined) {
    return isRequestId(cancel)
      ? { kind: 'cancel', id: cancel }
      : refuse('bad_request', "'cancel' must be the id of a request.");
  }
  if (op_id !== undefined && !isOpId(op_id)) {
    return refuse('bad_request', "'op_id' must be 1 to 64 letters, digits, '.', '_' or '-'.");
  }
  if (typeof method !== 'string' || method === '') return refuse('bad_request', "'method' must be a string.");
  if (params !== undefined && !isRecord(params)) return refuse('bad_params', "'params' must be an object.");
  if (key !== undefined && (typeof key !== 'string' || key === '' || key.length > MAX_KEY_LENGTH)) {
    return refuse('bad_request', `'idempotency_key' must be a string of 1 to ${MAX_KEY_LENGTH} characters.`);
  }
  return {
    kind: 'request',
    request: {
      method,
      params: params ?? {},
      opId,
      ...(id === undefined ? {} : { id }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
    },
  };
}

function unreadable(message: string): UnreadableRequest {
  return new UnreadableRequest(new NookError('bad_request', message));
}

function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' ? value.length <= MAX_KEY_LENGTH : Number.isFinite(value);
}

/** Checked before parsing: what walks the parsed value recursively could run out of stack. */
function isTooDeep(line: string): boolean {
  if (line.length <= 2 * MAX_DEPTH) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < line.length; at++) {
    const char = line.charCodeAt(at);
    if (char === 0x22) inString = !inString;
    else if (inString) at += char === 0x5c ? 1 : 0;
    else if (char === 0x5b || char === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (char === 0x5d || char === 0x7d) depth--;
  }
  return false;
}
