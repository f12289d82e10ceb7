import { NookError, type Progress } from '@nook/daemonapi';
import { eventLine, progressLine, type WireEvent } from './answer.ts';
import type { FrameChannel } from './frame-channel.ts';
import type { RpcRequest } from './request.ts';
import type { EndedBy, ServerCall } from './serve-rpc.ts';

/** What a call may do with its connection. */
export interface CallHost {
  /** Sends a line that may be dropped. @returns whether it was sent */
  offer(line: string): boolean;
  readonly hasRoom: boolean;
  /** Settles when there is room, or the connection is gone. */
  drained(): Promise<void>;
  upgrade(call: CallInFlight, result: unknown): FrameChannel;
}

/** One call between its request and its one answer. */
export class CallInFlight implements ServerCall {
  readonly request: RpcRequest;
  /** The answer has been sent, or nobody is there to read it. */
  answered = false;
  readonly #host: CallHost;
  readonly #begun = performance.now();
  #abort: AbortController | undefined;
  #reason: NookError | undefined;
  #endedBy: EndedBy | undefined;
  #gap = 0;

  constructor(request: RpcRequest, host: CallHost) {
    this.request = request;
    this.#host = host;
  }

  /** Made when first asked for: most calls never look at it. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  get cancelled(): NookError | undefined {
    return this.#reason;
  }

  get cancelledBy(): EndedBy | undefined {
    return this.#endedBy;
  }

  cancel(reason: NookError, by: EndedBy): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#endedBy = by;
    this.#abort?.abort(reason);
  }

  progress(progress: Progress): void {
    const { id, jsonRpc } = this.request;
    if (id === undefined || this.answered || jsonRpc?.progress === false) return;
    this.#host.offer(progressLine(this.request, progress, Math.round(performance.now() - this.#begun)));
  }

  event(event: WireEvent): void {
    if (this.request.id === undefined || this.answered) return;
    const gap = this.#gap + (event.gap ?? 0);
    if (this.#host.offer(eventLine(this.request, gap === 0 ? event : { ...event, gap }))) this.#gap = 0;
    else this.#gap = gap + 1;
  }

  get hasRoom(): boolean {
    return !this.answered && this.#host.hasRoom;
  }

  drained(): Promise<void> {
    return this.#host.drained();
  }

  upgrade(result: unknown): FrameChannel {
    if (this.answered || this.#reason !== undefined) {
      throw this.#reason ?? new NookError('cancelled', 'The call has already been answered.');
    }
    if (this.request.jsonRpc !== undefined) {
      throw new NookError('bad_request', "A stream needs nook's own wire: JSON-RPC has no frames.");
    }
    return this.#host.upgrade(this, result);
  }
}
