import type { Duplex } from 'node:stream';
import { type CallContext, type Logger, NookError, type Progress, type ReceivedEvent } from '@nook/daemonapi';
import { type ByteStream, byteStream, type ServerCall } from '@nook/wire';
import { ProgressLimiter } from './progress-limiter.ts';

/** How the engine's own methods send events before their answer. */
export interface EventSink {
  /** The caller gave an id, without which no event can be sent. */
  readonly multiplexed: boolean;
  readonly signal: AbortSignal;
  readonly hasRoom: boolean;
  drained(): Promise<void>;
  event(event: ReceivedEvent): void;
}

/** What a handler sees of its call. */
export class EngineCall implements CallContext, EventSink {
  readonly log: Logger;
  readonly #call: ServerCall;
  readonly #mayStream: boolean;
  #progress: ProgressLimiter | undefined;
  #stream: ByteStream | undefined;

  constructor(call: ServerCall, { log, mayStream }: { readonly log: Logger; readonly mayStream: boolean }) {
    this.#call = call;
    this.log = log;
    this.#mayStream = mayStream;
  }

  get opId(): string {
    return this.#call.request.opId;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  /** The stream that the call became, if it did. */
  get streamed(): ByteStream | undefined {
    return this.#stream;
  }

  progress(update: Progress): void {
    this.#progress ??= new ProgressLimiter((progress) => this.#call.progress(progress));
    this.#progress.update(update);
  }

  get multiplexed(): boolean {
    return this.#call.request.id !== undefined;
  }

  get hasRoom(): boolean {
    return this.#call.hasRoom;
  }

  drained(): Promise<void> {
    return this.#call.drained();
  }

  event(event: ReceivedEvent): void {
    this.#call.event(event);
  }

  stream(result: unknown): Duplex {
    if (!this.#mayStream) throw new NookError('internal', 'The method is not declared with stream: true.');
    if (this.#stream !== undefined) throw new NookError('internal', 'The call is a stream already.');
    this.end();
    this.#stream = byteStream(this.#call.upgrade(result), this.opId);
    // A caller that goes away must not end the daemon because a handler does not listen for it.
    this.#stream.on('error', (error) => this.log.debug({ err: error }, 'stream ended'));
    return this.#stream;
  }

  end(): void {
    this.#progress?.end();
  }
}
