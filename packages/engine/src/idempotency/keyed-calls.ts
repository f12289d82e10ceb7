import { type Clock, NookError } from '@nook/daemonapi';
import type { RootLog } from '../log.ts';
import { keptError, keptResult, mayRepeat, replay } from './kept-answer.ts';
import type { KeyRecord, KeyRecords } from './key-records.ts';

export interface KeyedCall {
  readonly key: string;
  readonly method: string;
  /** Fingerprint of the params. */
  readonly params: string;
  readonly opId: string;
  readonly signal: AbortSignal;
}

/** Calls made under an idempotency key: each is done once, whoever asks again gets the same answer. */
export class KeyedCalls {
  readonly records: KeyRecords;
  readonly #clock: Clock;
  readonly #log: () => RootLog;
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(records: KeyRecords, { clock, log }: { readonly clock: Clock; readonly log: () => RootLog }) {
    this.records = records;
    this.#clock = clock;
    this.#log = log;
  }

  /** @throws NookError `conflict`, `outcome_unknown`, and what the work threw, also when that was before */
  async run(call: KeyedCall, work: () => unknown): Promise<unknown> {
    for (;;) {
      const known = this.records.find(call.key, call);
      if (known === undefined) return this.#first(call, work);
      if (known.state !== 'running') return answerOf(known);
      // Done right now for another caller. Should it be given up for that caller's sake, it is this one's turn.
      const other = this.#running.get(call.key);
      if (other === undefined) throw unknownOutcome(known.op_id);
      await settledOrAborted(other, call.signal);
    }
  }

  async #first(call: KeyedCall, work: () => unknown): Promise<unknown> {
    const { key, method, params, opId } = call;
    this.records.insert(key, { method, params, op_id: opId, state: 'running' }, this.#clock.now());
    const running = this.#settle(call, work);
    this.#running.set(key, running);
    try {
      return await running;
    } finally {
      this.#running.delete(key);
    }
  }

  async #settle({ key, opId }: KeyedCall, work: () => unknown): Promise<unknown> {
    let result: unknown;
    try {
      result = await work();
    } catch (error) {
      this.#write(() => {
        if (mayRepeat(error)) this.records.forget(key);
        else this.records.finish(key, keptError(error, opId));
      });
      throw error;
    }
    this.#write(() => this.records.finish(key, keptResult(result)));
    return result;
  }

  /** What was done is answered, although it cannot be kept: a repeated request is then told that its outcome is unknown. */
  #write(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log().error({ err: error }, 'the answer for an idempotency key could not be kept');
    }
  }
}

export function unknownOutcome(opId: string): NookError {
  return new NookError('outcome_unknown', `What became of the request '${opId}' cannot be known.`, {
    hint: `Look at the state, and at what the log says: nook daemon logs --op ${opId}`,
    details: { op_id: opId },
  });
}

function answerOf({ state, op_id, answer }: KeyRecord): unknown {
  if (state !== 'done' || answer === null) throw unknownOutcome(op_id);
  return replay(answer);
}

async function settledOrAborted(other: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) throw signal.reason;
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([other.then(undefined, () => {}), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
