import type { Socket } from 'node:net';
import type { NookError, Progress } from '@nook/daemonapi';
import type { WireEvent } from './answer.ts';
import type { FrameChannel } from './frame-channel.ts';
import type { RpcRequest } from './request.ts';
import { ServerConnection } from './server-connection.ts';
import type { TurnGroup } from './turns.ts';

/** Who ended a call before its time: its caller, the loss of the caller's connection, or the server that stops. */
export type EndedBy = 'caller' | 'connection' | 'server';

/** One request being served. */
export interface ServerCall {
  readonly request: RpcRequest;
  /** Aborted with a NookError as its reason when the caller cancels, its connection is lost, or the server drains. */
  readonly signal: AbortSignal;
  /** Set before `signal` is aborted. */
  readonly cancelledBy: EndedBy | undefined;
  /** Sends a progress line; dropped for a request without an id, and when the reader is slow. */
  progress(progress: Progress): void;
  /** Sends an event line; dropped for a request without an id. What a slow reader misses is counted in the next `gap`. */
  event(event: WireEvent): void;
  /** What {@link event} is given now will be sent, not dropped. */
  readonly hasRoom: boolean;
  /** Settles when there is room again, or nobody reads any more. */
  drained(): Promise<void>;
  /**
   * Answers with `result` now and turns the connection into a channel of frames, as the only call of its connection.
   * What the handler returns later is ignored; what it throws destroys the channel.
   * @throws NookError `bad_request` when the connection serves other calls, `cancelled` when the call has ended
   */
  upgrade(result: unknown): FrameChannel;
}

/** Serves one call. @returns the result @throws NookError for the caller; anything else is answered as `internal` */
export type RpcHandler = (call: ServerCall) => unknown | Promise<unknown>;

export interface ServeOptions {
  /** Told of everything thrown by a handler, for the log. */
  readonly onError?: (error: unknown, request: RpcRequest) => void;
  /** Told of everything refused before it reached the handler: unreadable lines, requests while draining. */
  readonly onRefused?: (error: NookError, opId: string) => void;
  /** Told of results that cannot be answered: longer than a line, or not to be said in JSON. */
  readonly onUnsayable?: (error: unknown, request: RpcRequest) => void;
  /** Connections of one caller share one, and so their turns; each has its own when absent. */
  readonly group?: TurnGroup;
  /** The fields of an answer beside `id` and `ok`; `{ result }` when absent. */
  readonly encodeAnswer?: (result: unknown, request: RpcRequest) => Record<string, unknown>;
}

export interface RpcConnection {
  /**
   * Refuses new requests with `unavailable`, waits for those in flight, cancels what is left after `deadlineMs`,
   * answers it and closes the connection.
   */
  drain(deadlineMs: number): Promise<void>;
  /** Closes at once; calls in flight are aborted. */
  close(): void;
  /** Settles when the socket is gone. */
  readonly closed: Promise<void>;
}

/** Serves requests on a connection until either end closes it. */
export function serveRpc(socket: Socket, handler: RpcHandler, options: ServeOptions = {}): RpcConnection {
  return new ServerConnection(socket, handler, options);
}
