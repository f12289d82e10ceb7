import {
  type CallContext,
  isNookError,
  type Logger,
  NookError,
  type OperationState,
  type Progress,
} from '@nook/daemonapi';
import { toWireError } from '@nook/wire';
import type { KeptStage, OperationRecord } from './operation-records.ts';

/** Stages beyond these replace the last one: what is kept of an operation is bounded. */
const MAX_STAGES = 64;

interface Parts {
  readonly opId: string;
  readonly method: string;
  readonly begunAt: number;
  readonly monotonic: () => number;
  readonly log: Logger;
  /** Told when a stage begins. */
  readonly onStage: (operation: RunningOperation) => void;
}

/** An operation while its work goes on in this process. */
export class RunningOperation implements CallContext {
  readonly opId: string;
  readonly method: string;
  readonly log: Logger;
  readonly #parts: Parts;
  readonly #begun: number;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(progress: Progress) => void>();
  readonly #stages: KeptStage[] = [];
  #interrupting = false;
  #end: Pick<OperationRecord, 'state' | 'ended_at' | 'elapsed_ms' | 'result' | 'error'> | undefined;

  constructor(parts: Parts) {
    this.opId = parts.opId;
    this.method = parts.method;
    this.log = parts.log;
    this.#parts = parts;
    this.#begun = parts.monotonic();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get record(): OperationRecord {
    return {
      op_id: this.opId,
      method: this.method,
      begun_at: this.#parts.begunAt,
      stages: this.#stages,
      ...(this.#end ?? { state: 'running', elapsed_ms: this.#elapsed() }),
    };
  }

  stream(): never {
    throw new NookError('internal', 'An operation outlives its connection, and so cannot become a stream of it.');
  }

  cancel(reason: NookError): void {
    this.#abort.abort(reason);
  }

  /** As `cancel`, for a daemon that stops: what then fails was interrupted. */
  interrupt(reason: NookError): void {
    this.#interrupting = true;
    this.#abort.abort(reason);
  }

  progress(update: Progress): void {
    if (this.#end !== undefined) return;
    const last = this.#stages.at(-1);
    const fresh = last?.progress.stage !== update.stage;
    const at_ms = fresh || last === undefined ? this.#elapsed() : last.at_ms;
    if (fresh && this.#stages.length < MAX_STAGES) this.#stages.push({ progress: update, at_ms });
    else this.#stages[this.#stages.length - 1] = { progress: update, at_ms };
    if (fresh) this.#parts.onStage(this);
    for (const listener of this.#listeners) listener(update);
  }

  /** Tells the current stage at once, then every update. @returns the call that ends it */
  follow(listener: (progress: Progress) => void): () => void {
    const current = this.#stages.at(-1)?.progress;
    if (current !== undefined) listener(current);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  succeeded(result: unknown, at: number): void {
    this.#end = { state: 'succeeded', ended_at: at, elapsed_ms: this.#elapsed(), result: result ?? null };
  }

  failed(error: unknown, at: number): void {
    const { code, message, hint, details } = toWireError(error, this.opId);
    this.#end = {
      state: this.#stateOf(error),
      ended_at: at,
      elapsed_ms: this.#elapsed(),
      error: { code, message, ...(hint === undefined ? {} : { hint }), ...(details === undefined ? {} : { details }) },
    };
  }

  #stateOf(error: unknown): OperationState {
    if (this.#interrupting) return 'interrupted';
    if (!this.signal.aborted) return 'failed';
    const unwound = isNookError(error) ? error.code === 'cancelled' : (error as Error)?.name === 'AbortError';
    return unwound ? 'cancelled' : 'failed';
  }

  #elapsed(): number {
    return Math.round(this.#parts.monotonic() - this.#begun);
  }
}
