import {
  type Clock,
  isNookError,
  NookError,
  type OperationContext,
  type OperationView,
  type Progress,
} from '@nook/daemonapi';
import type { RootLog } from '../log.ts';
import type { OpContext } from '../op-context.ts';
import { type OperationFilter, type OperationRecords, type Retention, toView } from './operation-records.ts';
import { RunningOperation } from './running-operation.ts';

/** Between two prunings this many may end. */
const PRUNE_EVERY = 50;
/** How long work that was told to stop may take to unwind. */
const UNWIND_MS = 5_000;

export interface OperationTableParts {
  readonly records: OperationRecords;
  readonly context: OpContext;
  readonly clock: Clock;
  readonly log: () => RootLog;
  readonly retention: () => Retention;
  /** Told when one begins and when it has ended. */
  readonly onChange: (view: OperationView) => void;
}

interface Entry {
  readonly operation: RunningOperation;
  readonly done: Promise<unknown>;
}

export interface Begin<T> {
  readonly method: string;
  readonly opId: string;
  readonly work: (operation: OperationContext) => T | Promise<T>;
  /** Done in the transaction that records the operation. */
  readonly record?: (opId: string) => void;
}

/** The operations of this daemon: those that run, and what is kept of those that have ended. */
export class OperationTable {
  readonly #parts: OperationTableParts;
  readonly #running = new Map<string, Entry>();
  #stopping = false;
  #sincePruned = 0;

  constructor(parts: OperationTableParts) {
    this.#parts = parts;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Takes up what an earlier process left. To be called once the tables exist. */
  recover(): void {
    const { records, clock, log, retention } = this.#parts;
    const lost = records.interruptAll(clock.now(), 'The daemon ended while the operation ran.');
    if (lost > 0) log().warn({ operations: lost }, 'operations were interrupted by the end of the daemon before');
    records.prune(retention(), clock.now());
  }

  /** Records the operation, then begins it. @throws NookError `unavailable` when the daemon stops or the store fails */
  begin<T>({ method, opId: wanted, work, record }: Begin<T>): { readonly opId: string; readonly done: Promise<T> } {
    if (this.#stopping) throw new NookError('unavailable', 'The daemon is stopping.');
    const { records, context, clock, log } = this.#parts;
    const opId = this.#freeId(wanted);
    const begunAt = clock.now();
    records.transaction(() => {
      records.insert({ op_id: opId, method, begun_at: begunAt });
      record?.(opId);
    });
    const operation = new RunningOperation({
      ...{ opId, method, begunAt },
      monotonic: () => clock.monotonic(),
      log: log(),
      onStage: (changed) => this.#keep(changed),
    });
    const done = context.run(opId, async () => {
      // The answer of `begin` does not wait for what the work does at once.
      await null;
      return work(operation);
    });
    const settled = done.then(
      (result) => this.#end(operation, () => operation.succeeded(result, clock.now())),
      (error: unknown) => {
        if (!isNookError(error)) context.run(opId, () => log().error({ err: error, method }, 'operation failed'));
        this.#end(operation, () => operation.failed(error, clock.now()));
      },
    );
    const ended = settled.then(() => done);
    ended.catch(() => {});
    this.#running.set(opId, { operation, done: ended });
    this.#parts.onChange(toView(operation.record));
    return { opId, done: ended };
  }

  get(opId: string): OperationView | undefined {
    const record = this.#running.get(opId)?.operation.record ?? this.#parts.records.get(opId);
    return record === undefined ? undefined : toView(record);
  }

  /** @throws NookError `not_found` */
  view(opId: string, method?: string): OperationView {
    const view = this.get(opId);
    if (view !== undefined && (method === undefined || view.method === method)) return view;
    throw new NookError('not_found', `There is no operation '${opId}'${method ? ` of ${method}` : ''}.`, {
      hint: 'See what there is: nook op list',
    });
  }

  /** The latest first, without their results. */
  list(filter: OperationFilter): OperationView[] {
    return this.#parts.records.list(filter).map((record) => {
      const { result: _, ...brief } = toView(this.#running.get(record.op_id)?.operation.record ?? record);
      return brief;
    });
  }

  /** Asks a running one to stop; one that has ended stays as it is. */
  cancel(opId: string, reason: NookError): void {
    this.#running.get(opId)?.operation.cancel(reason);
  }

  follow(opId: string, listener: (progress: Progress) => void): () => void {
    return this.#running.get(opId)?.operation.follow(listener) ?? (() => {});
  }

  /** Settles as the work does; `undefined` when it does not run in this process. */
  done(opId: string): Promise<unknown> | undefined {
    return this.#running.get(opId)?.done;
  }

  /** Waits for those that run, then interrupts them and gives them a moment to unwind. Later ones are refused. */
  async drain(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    await this.#allEnded(deadlineMs);
    const reason = new NookError('cancelled', 'The daemon is stopping.');
    for (const { operation } of this.#running.values()) operation.interrupt(reason);
    await this.#allEnded(UNWIND_MS);
    // Work that does not heed its signal is left to itself; what it would still say is not heard any more.
    for (const { operation } of [...this.#running.values()]) {
      this.#end(operation, () => operation.failed(reason, this.#parts.clock.now()));
    }
  }

  #freeId(wanted: string): string {
    const taken = (id: string) => this.#running.has(id) || this.#parts.records.exists(id);
    if (!taken(wanted)) return wanted;
    for (let further = 2; ; further++) {
      const suffix = `.${further}`;
      const id = `${wanted.slice(0, 64 - suffix.length)}${suffix}`;
      if (!taken(id)) return id;
    }
  }

  #keep(operation: RunningOperation): void {
    try {
      this.#parts.records.update(operation.record);
    } catch (error) {
      this.#parts.log().error({ err: error, op_id: operation.opId }, 'an operation could not be kept');
    }
  }

  #end(operation: RunningOperation, end: () => void): void {
    if (this.#running.get(operation.opId)?.operation !== operation) return;
    end();
    this.#keep(operation);
    this.#running.delete(operation.opId);
    this.#prune();
    this.#parts.onChange(toView(operation.record));
  }

  #prune(): void {
    if (++this.#sincePruned < PRUNE_EVERY) return;
    this.#sincePruned = 0;
    try {
      this.#parts.records.prune(this.#parts.retention(), this.#parts.clock.now());
    } catch (error) {
      this.#parts.log().error({ err: error }, 'old operations could not be removed');
    }
  }

  async #allEnded(deadlineMs: number): Promise<void> {
    if (this.#running.size === 0 || deadlineMs <= 0) return;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, deadlineMs);
    await Promise.race([Promise.allSettled([...this.#running.values()].map(({ done }) => done)), late.promise]);
    clearTimeout(timer);
  }
}
