import { type ErrorCode, NookError } from '@nook/daemonapi';
import { isKey, KEY_RULE, OP_ID_RULE } from './keys.ts';
import { isOpId, mintOpId } from './op-id.ts';
import { isRequestId, type Message, UnreadableRequest } from './request.ts';
import { isRecord } from './wire-error.ts';

/** As editors' language servers know it: a notification that ends the call with the id in its params. */
const CANCEL = '$/cancelRequest';

/** Reads an object that says of itself that it is JSON-RPC 2.0. Op id and idempotency key travel in `params._meta`. */
export function readJsonRpc(value: Record<string, unknown>): Message | UnreadableRequest {
  const { id, method, params = {} } = value;
  const jsonRpc = { notification: !('id' in value), progress: false };
  const known = isRequestId(id) ? id : undefined;
  const refuse = (code: ErrorCode, message: string) =>
    new UnreadableRequest(new NookError(code, message), {
      to: { ...(known === undefined ? {} : { id: known }), jsonRpc },
    });

  if (!jsonRpc.notification && known === undefined) {
    return refuse('bad_request', "'id' must be a number or a string.");
  }
  if (typeof method !== 'string' || method === '') {
    // What has no method is no notification either, and is answered.
    jsonRpc.notification = false;
    return refuse('bad_request', "'method' must be a string.");
  }
  if (!isRecord(params)) return refuse('bad_params', "'params' must be an object: params go by name.");
  if (method === CANCEL && jsonRpc.notification) {
    return isRequestId(params.id)
      ? { kind: 'cancel', id: params.id }
      : refuse('bad_params', "'params.id' must be the id of a request.");
  }
  const { _meta: meta = {}, ...rest } = params;
  if (!isRecord(meta)) return refuse('bad_params', "'params._meta' must be an object.");
  const { op_id, idempotency_key: key, progress } = meta;
  if (op_id !== undefined && !isOpId(op_id)) return refuse('bad_request', `'_meta.op_id' ${OP_ID_RULE}.`);
  if (key !== undefined && !isKey(key)) return refuse('bad_request', `'_meta.idempotency_key' ${KEY_RULE}.`);
  jsonRpc.progress = progress === true;
  return {
    kind: 'request',
    request: {
      method,
      params: rest,
      opId: op_id ?? mintOpId(),
      jsonRpc,
      ...(known === undefined ? {} : { id: known }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
    },
  };
}
