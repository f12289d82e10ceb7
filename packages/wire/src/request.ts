import { NookError } from '@nook/daemonapi';
import { NotJson } from './json-rpc.ts';
import { isKey, KEY_RULE, OP_ID_RULE } from './keys.ts';
import { MAX_DEPTH, MAX_KEY_LENGTH, MAX_VALUES } from './limits.ts';
import { isOpId, mintOpId } from './op-id.ts';
import { readJsonRpc } from './read-json-rpc.ts';
import { isRecord } from './wire-error.ts';

export type RequestId = number | string;

/** Where an answer goes, and in which words. */
export interface Addressee {
  /** Absent: the connection serves this one request. */
  readonly id?: RequestId;
  /** The line was JSON-RPC 2.0, and so is its answer. */
  readonly jsonRpc?: {
    /** Had no id: it is not answered. */
    readonly notification: boolean;
    /** Asked for progress. */
    readonly progress: boolean;
  };
}

export interface RpcRequest extends Addressee {
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
  readonly to: Addressee;
  readonly opId: string;

  constructor(
    error: NookError,
    { to = {}, opId = mintOpId() }: { readonly to?: Addressee; readonly opId?: string } = {},
  ) {
    this.error = error;
    this.to = to;
    this.opId = opId;
  }
}

/** Nobody in particular, on a connection that speaks JSON-RPC. */
export const JSON_RPC: Addressee = { jsonRpc: { notification: false, progress: false } };

/**
 * Reads one line. Never throws.
 * @param jsonRpc the connection has spoken JSON-RPC before: what cannot be read is refused in its words
 */
export function readMessage(line: string, jsonRpc = false): Message | UnreadableRequest {
  let value: unknown;
  try {
    const excess = excessOf(line);
    if (excess !== undefined) return unreadable(new NookError('bad_request', excess), jsonRpc);
    value = JSON.parse(line);
  } catch {
    return unreadable(new NotJson(), jsonRpc);
  }
  if (!isRecord(value)) {
    const batch = Array.isArray(value) && value.some((each) => isRecord(each) && each.jsonrpc === '2.0');
    return unreadable(new NookError('bad_request', 'A request is a JSON object.'), jsonRpc || batch);
  }
  if (value.jsonrpc === '2.0') return readJsonRpc(value);

  const { version, id, method, params, op_id, cancel, idempotency_key: key } = value;
  if (id !== undefined && !isRequestId(id)) {
    return unreadable(new NookError('bad_request', "'id' must be a number or a string."), jsonRpc);
  }
  const opId = isOpId(op_id) ? op_id : mintOpId();
  const refuse = (code: 'bad_request' | 'bad_version' | 'bad_params', message: string, hint?: string) =>
    new UnreadableRequest(new NookError(code, message, hint === undefined ? {} : { hint }), {
      to: id === undefined ? {} : { id },
      opId,
    });

  if (version !== 1) {
    return refuse('bad_version', 'This version of the wire is not spoken here.', 'Send "version":1.');
  }
  if (cancel !== undefined) {
    return isRequestId(cancel)
      ? { kind: 'cancel', id: cancel }
      : refuse('bad_request', "'cancel' must be the id of a request.");
  }
  if (op_id !== undefined && !isOpId(op_id)) {
    return refuse('bad_request', `'op_id' ${OP_ID_RULE}.`);
  }
  if (typeof method !== 'string' || method === '') return refuse('bad_request', "'method' must be a string.");
  if (params !== undefined && !isRecord(params)) return refuse('bad_params', "'params' must be an object.");
  if (key !== undefined && !isKey(key)) return refuse('bad_request', `'idempotency_key' ${KEY_RULE}.`);
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

function unreadable(error: NookError, jsonRpc: boolean): UnreadableRequest {
  return new UnreadableRequest(error, jsonRpc ? { to: JSON_RPC } : {});
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' ? value.length <= MAX_KEY_LENGTH : Number.isFinite(value);
}

/**
 * Checked before parsing: what walks the parsed value recursively could run out of stack, and objects of hundreds of
 * thousands of keys take seconds. @returns what is too much, if anything is
 */
function excessOf(line: string): string | undefined {
  if (line.length <= 2 * MAX_DEPTH) return undefined;
  let [depth, values] = [0, 1];
  let inString = false;
  for (let at = 0; at < line.length; at++) {
    const char = line.charCodeAt(at);
    if (char === 0x22) inString = !inString;
    else if (inString) at += char === 0x5c ? 1 : 0;
    else if (char === 0x2c) {
      if (++values > MAX_VALUES) return `The request holds more than ${MAX_VALUES} values.`;
    } else if (char === 0x5b || char === 0x7b) {
      if (++depth > MAX_DEPTH) return `The request is nested deeper than ${MAX_DEPTH} levels.`;
    } else if (char === 0x5d || char === 0x7d) depth--;
  }
  return undefined;
}
