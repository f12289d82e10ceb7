import type { ErrorCode } from './errors.ts';
import type { Logger } from './logger.ts';
import type { Progress, RpcMethod } from './rpc.ts';

/** `interrupted`: the daemon ended under it, so that how far it came is not known. */
export type OperationState = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';

export interface OperationStage extends Progress {
  /** How long the stage has lasted, in milliseconds. */
  readonly elapsed_ms: number;
}

/** What is kept of an operation, also over restarts of the daemon. */
export interface OperationView {
  /** The op id of the request that began it; a further one under the same op id has `.2`, `.3` … appended. */
  readonly op_id: string;
  /** The method, or the kind that a plugin gave it. */
  readonly method: string;
  readonly state: OperationState;
  /** Milliseconds since the Unix epoch, as `ended_at`. */
  readonly begun_at: number;
  readonly ended_at?: number | undefined;
  readonly elapsed_ms: number;
  /** In the order in which they began; the last one is the current one. */
  readonly stages: readonly OperationStage[];
  /** What the method answers, once the state is `succeeded`. */
  readonly result?: unknown;
  readonly error?:
    | {
        readonly code: ErrorCode;
        readonly message: string;
        readonly hint?: string | undefined;
        readonly details?: Readonly<Record<string, unknown>> | undefined;
      }
    | undefined;
}

/** The rows that a method declared with `operation: true` has: itself, which waits, and three more. Extend `RpcMethods` by it. */
export type OperationMethods<M extends string, Params, Result> = Readonly<
  Record<M, RpcMethod<Params, Result>> &
    Record<`${M}.begin`, RpcMethod<Params, OperationView>> &
    Record<`${M}.status` | `${M}.cancel`, RpcMethod<{ readonly op_id: string }, OperationView>>
>;

/** What the work of an operation sees. */
export interface OperationContext {
  readonly opId: string;
  /** Aborted when the operation is cancelled, and when the daemon stops. The reason is a `NookError`. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Cheap: a new stage is kept, of updates within a stage the latest. */
  progress(update: Progress): void;
}

/** Work that lives on without its caller, listed by `op.list`. Methods declare `operation: true` instead. */
export interface Operations {
  /**
   * Begins work of the plugin's own, under the op id of the call that is being served, else under a new one.
   * Not before the end of `setup`.
   * @param kind dotted words, beginning with the plugin's prefix
   * @returns at once; `done` settles as the work does
   */
  begin<T>(
    kind: string,
    work: (operation: OperationContext) => T | Promise<T>,
  ): { readonly opId: string; readonly done: Promise<T> };
  get(opId: string): OperationView | undefined;
}
