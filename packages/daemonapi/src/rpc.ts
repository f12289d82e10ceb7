import type { Duplex } from 'node:stream';
import type { Logger } from './logger.ts';
import type { StandardSchema } from './standard-schema.ts';

/** The contract of one method. `Params` is what a client may send (defaults still absent), `Result` what it gets. */
export interface RpcMethod<Params = unknown, Result = unknown> {
  readonly params: Params;
  readonly result: Result;
}

/** Method name → contract. Plugins augment it by declaration merging, under their own prefix. */
// biome-ignore lint/suspicious/noEmptyInterface: augmented by plugins
export interface RpcMethods {}

/** `read` changes nothing, `write` changes what the caller owns, `admin` changes the daemon itself. */
export type Access = 'read' | 'write' | 'admin';

export interface Progress {
  /** What is being done, as a short phrase: `download`, `boot`. */
  readonly stage: string;
  readonly done?: number;
  readonly total?: number;
  /** Unit of `done` and `total`, e.g. `bytes`. */
  readonly unit?: string;
  readonly message?: string;
  /** How long the stage usually takes here, in milliseconds. */
  readonly usual_ms?: number;
}

export interface CallContext {
  /** Ties the request to every log line, error and process that it touches. */
  readonly opId: string;
  /** Aborted when the caller cancels or its connection is lost, and when the daemon stops. The reason is a `NookError`. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Sent to callers that gave an `id`; dropped for others. Cheap: at most some tens a second are passed on. */
  progress(update: Progress): void;
  /**
   * Answers the call with `result` now and turns the connection into a stream of bytes with flow control.
   * Only for methods declared with `stream: true`, and at most once; what the handler returns later is ignored,
   * what it throws ends the stream with an error frame.
   */
  stream(result: unknown): Duplex;
}

/**
 * One row of the dispatch table.
 * `Params` in `run` are what the schema gives (defaults applied), checked against the contract by the compiler.
 */
export interface MethodDefinition<Params, Input, Result> {
  /** One sentence for `rpc.discover` and for people. */
  readonly summary: string;
  readonly access: Access;
  readonly params: StandardSchema<Input, Params>;
  readonly result: StandardSchema<Result, Result>;
  /** The method may turn its connection into a byte stream; see {@link CallContext.stream}. */
  readonly stream?: boolean;
  /**
   * The call begins an operation: it is kept in the store, lives on when the caller's connection is lost, and is cancelled
   * by the caller, by `op.cancel` or by `NAME.cancel`. The daemon adds `NAME.begin`, `NAME.status` and `NAME.cancel`;
   * see `OperationMethods`. `run` must leave nothing behind when its signal is aborted.
   */
  readonly operation?: boolean;
  run(params: Params, call: CallContext): Result | Promise<Result>;
}
