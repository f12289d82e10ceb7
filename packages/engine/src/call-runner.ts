import { NookError } from '@nook/daemonapi';
import type { ServerCall } from '@nook/wire';
import type { EngineCall } from './engine-call.ts';
import { fingerprint } from './idempotency/fingerprint.ts';
import { type KeyedCall, type KeyedCalls, unknownOutcome } from './idempotency/keyed-calls.ts';
import type { MethodRow } from './method-row.ts';
import { cancelledByCaller } from './operations/companions.ts';
import type { OperationTable } from './operations/operation-table.ts';

export interface RunningCall {
  readonly row: MethodRow;
  readonly call: ServerCall;
  readonly context: EngineCall;
  /** The params as the schema gives them. */
  readonly params: unknown;
}

/** Runs calls that are more than a handler's answer: operations, and whatever is to be done only once. */
export class CallRunner {
  readonly #operations: OperationTable;
  readonly #keyed: KeyedCalls;
  readonly #now: () => number;

  constructor(parts: { readonly operations: OperationTable; readonly keyed: KeyedCalls; readonly now: () => number }) {
    this.#operations = parts.operations;
    this.#keyed = parts.keyed;
    this.#now = parts.now;
  }

  run(running: RunningCall): unknown {
    const { row, call, params, context } = running;
    const { definition } = row;
    const kind = row.begins ?? (definition.operation === true ? row.name : undefined);
    if (kind !== undefined) return this.#operation(running, kind);
    const key = call.request.idempotencyKey;
    if (key === undefined || definition.access === 'read' || definition.stream === true) {
      return definition.run(params, context);
    }
    return this.#keyed.run(keyedCall(call, key, row.name), () => definition.run(params, context));
  }

  #operation(running: RunningCall, kind: string): unknown {
    const { row } = running;
    const opId = this.#begin(running, kind);
    return row.begins === undefined ? this.#wait(opId, running) : this.#operations.view(opId);
  }

  /** @returns the op id of the operation, which an earlier call with the same key may have begun */
  #begin({ row, call, params }: RunningCall, kind: string): string {
    const { opId, idempotencyKey: key } = call.request;
    const begin = { method: kind, opId, work: (operation: object) => row.definition.run(params, operation as never) };
    if (key === undefined) return this.#operations.begin(begin).opId;
    const keyed = keyedCall(call, key, kind);
    const known = this.#keyed.records.find(key, keyed);
    if (known !== undefined) {
      if (this.#operations.get(known.op_id) === undefined) throw unknownOutcome(known.op_id);
      return known.op_id;
    }
    const record = (op_id: string) => {
      const { method, params: print } = keyed;
      this.#keyed.records.insert(key, { method, params: print, op_id, state: 'operation' }, this.#now());
    };
    return this.#operations.begin({ ...begin, record }).opId;
  }

  /** Answers as the operation ends. A caller that cancels the call cancels it; one that is lost leaves it alone. */
  async #wait(opId: string, { call, context }: RunningCall): Promise<unknown> {
    const done = this.#operations.done(opId);
    if (done === undefined) return this.#ended(opId);
    const gone = Promise.withResolvers<never>();
    const onAbort = () => {
      if (call.cancelledBy === 'caller') this.#operations.cancel(opId, cancelledByCaller());
      else gone.reject(call.signal.reason);
    };
    const unfollow = this.#operations.follow(opId, (progress) => context.progress(progress));
    if (call.signal.aborted) onAbort();
    call.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([done, gone.promise]);
    } finally {
      call.signal.removeEventListener('abort', onAbort);
      unfollow();
    }
  }

  #ended(opId: string): unknown {
    const { state, result, error } = this.#operations.view(opId);
    if (state === 'succeeded') return result;
    if (state === 'interrupted' || error === undefined) throw unknownOutcome(opId);
    const { code, message, hint, details } = error;
    throw new NookError(code, message, {
      ...(hint === undefined ? {} : { hint }),
      ...(details === undefined ? {} : { details }),
    });
  }
}

function keyedCall(call: ServerCall, key: string, method: string): KeyedCall {
  const { params, opId } = call.request;
  return { key, method, params: fingerprint(params), opId, signal: call.signal };
}
