import type { Socket } from 'node:net';
import { isNookError, NookError } from '@nook/daemonapi';
import { answerLine, errorLine } from './answer.ts';
import { type CallHost, CallInFlight } from './call-in-flight.ts';
import { FrameChannel } from './frame-channel.ts';
import { lineBytes, MAX_CALLS_IN_FLIGHT, MAX_LINE_BYTES } from './limits.ts';
import { LineReader, LineTooLong } from './line-reader.ts';
import { LineWriter } from './line-writer.ts';
import { watchPeer } from './peer-watch.ts';
import { JSON_RPC, type RequestId, type RpcRequest, readMessage, UnreadableRequest } from './request.ts';
import type { RpcConnection, RpcHandler, ServeOptions } from './serve-rpc.ts';
import { TurnGroup, turns } from './turns.ts';

/** How long a cancelled call may take to wind down before it is answered all the same. */
const CANCEL_GRACE_MS = 10_000;
/** How long the last answer may take to be read once the connection is being closed. */
const LINGER_MS = 2000;
/** How much is taken from the socket before its turn comes: with many that send, that may take long. */
const MAX_UNREAD_BYTES = 128 * 1024;

/** The server's side of one connection: lines in, calls in flight, lines out. */
export class ServerConnection implements RpcConnection, CallHost {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #handler: RpcHandler;
  readonly #options: ServeOptions;
  readonly #group: TurnGroup;
  readonly #reader = new LineReader();
  readonly #writer: LineWriter;
  readonly #calls = new Set<CallInFlight>();
  readonly #byId = new Map<RequestId, CallInFlight>();
  #channel: FrameChannel | undefined;
  /** A request with an id was seen: the connection outlives its first answer. */
  #multiplexed = false;
  /** A line of JSON-RPC was seen. */
  #jsonRpc = false;
  /** No more requests are taken; the connection closes after the last answer. */
  #closing = false;
  #draining = false;
  #inputEnded = false;
  #paused = false;
  /** Lines wait for their turn. */
  #inRow = false;
  /** Bytes that came since the latest turn. */
  #unread = 0;
  #ended = false;
  #stopWatch: (() => void) | undefined;
  #drained: Promise<void> | undefined;

  constructor(socket: Socket, handler: RpcHandler, options: ServeOptions) {
    this.#socket = socket;
    this.#handler = handler;
    this.#options = options;
    this.#group = options.group ?? new TurnGroup();
    this.#writer = new LineWriter(socket);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    // 'close' follows, and is where everything is let go.
    socket.on('error', () => {});
    socket.on('close', () => this.#onClose());
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true;
    this.#closeWhenDone();
    const timer = setTimeout(() => {
      const reason = new NookError('cancelled', 'The daemon is stopping.');
      for (const call of [...this.#calls]) {
        call.cancel(reason, 'server');
        this.#answer(call, () => errorLine(call.request, reason, call.request.opId));
      }
      this.#channel?.end();
      this.#closeLater();
    }, deadlineMs);
    await this.closed;
    clearTimeout(timer);
  }

  close(): void {
    this.#socket.destroy();
  }

  offer(line: string): boolean {
    if (!this.#writer.hasRoom || lineBytes(line) > MAX_LINE_BYTES) return false;
    this.#writer.write(line);
    return true;
  }

  get hasRoom(): boolean {
    return this.#writer.hasRoom;
  }

  drained(): Promise<void> {
    // What the kernel takes at once makes room without an event.
    this.#writer.flush();
    if (this.#writer.hasRoom) return Promise.resolve();
    // Until its end is told, what waits goes on waiting: whoever asks again and again would keep it from being told.
    if (this.#socket.destroyed) return this.closed;
    this.#drained ??= new Promise((resolve) => {
      const done = () => {
        this.#socket.off('drain', done).off('close', done);
        this.#drained = undefined;
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
    return this.#drained;
  }

  upgrade(call: CallInFlight, result: unknown): FrameChannel {
    if (this.#calls.size > 1) {
      throw new NookError('bad_request', 'A call that becomes a stream needs a connection of its own.');
    }
    if (this.#inputEnded) throw new NookError('bad_request', 'A stream needs a connection that is open both ways.');
    this.#writer.write(answerLine(call.request, this.#encode(result, call.request)));
    this.#writer.flush();
    call.answered = true;
    this.#stopWatch?.();
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain);
    this.#channel = new FrameChannel(this.#socket, this.#reader.rest());
    return this.#channel;
  }

  #onData = (chunk: Buffer): void => {
    if (this.#closing) return;
    this.#reader.push(chunk);
    this.#unread += chunk.length;
    if (this.#unread > MAX_UNREAD_BYTES) this.#socket.pause();
    this.#readLines();
  };

  #onEnd = (): void => {
    this.#inputEnded = true;
    this.#readLines();
  };

  #onDrain = (): void => this.#readLines();

  /** In turn with what others want. */
  #readLines(): void {
    if (this.#inRow) return;
    this.#inRow = true;
    turns.join(this.#group, this.#takeTurn);
  }

  readonly #takeTurn = (): boolean => {
    this.#unread = 0;
    const more = this.#readLine();
    this.#inRow = more;
    if (!more) this.#closeWhenDone();
    if (!more || !this.#socket.isPaused()) this.#setReading();
    return more;
  };

  /** @returns whether there may be more to read now */
  #readLine(): boolean {
    if (this.#closing || this.#channel !== undefined || this.#full) return false;
    const line = this.#nextLine();
    if (line === undefined) {
      if (this.#inputEnded) this.#finishInput();
    } else if (line.trim() !== '') this.#onLine(line);
    return line !== undefined && (this.#inputEnded || this.#reader.hasMore);
  }

  /** Empty when it cannot be read, and was refused. */
  #nextLine(): string | undefined {
    try {
      return this.#reader.next() ?? (this.#inputEnded ? this.#reader.last() : undefined);
    } catch (error) {
      this.#refuse(new UnreadableRequest(error as NookError, this.#jsonRpc ? { to: JSON_RPC } : {}));
      if (error instanceof LineTooLong) this.#finishInput();
      return '';
    }
  }

  /** So much is under way that more lines wait unread. */
  get #full(): boolean {
    return this.#calls.size >= MAX_CALLS_IN_FLIGHT || this.#writer.full;
  }

  #onLine(line: string): void {
    const message = readMessage(line, this.#jsonRpc);
    if (message instanceof UnreadableRequest) {
      this.#refuse(message);
    } else if (message.kind === 'cancel') {
      this.#cancel(message.id);
    } else {
      this.#begin(message.request);
    }
  }

  #refuse({ error, to, opId }: UnreadableRequest): void {
    if (to.jsonRpc !== undefined) this.#jsonRpc = true;
    if (to.id !== undefined || this.#jsonRpc) this.#multiplexed = true;
    this.#options.onRefused?.(error, opId);
    if (to.jsonRpc?.notification !== true) this.#writer.write(errorLine(to, error, opId));
    if (!this.#multiplexed) this.#finishInput();
  }

  #begin(request: RpcRequest): void {
    const { id, opId, jsonRpc } = request;
    if (this.#draining) {
      this.#refuse(
        new UnreadableRequest(new NookError('unavailable', 'The daemon is stopping.'), { to: request, opId }),
      );
      return;
    }
    if (id !== undefined && this.#byId.has(id)) {
      const error = new NookError('bad_request', `A call with id ${JSON.stringify(id)} is in flight.`);
      this.#refuse(new UnreadableRequest(error, { to: request, opId }));
      return;
    }
    const call = new CallInFlight(request, this);
    this.#calls.add(call);
    if (jsonRpc !== undefined) {
      this.#jsonRpc = true;
      this.#multiplexed = true;
    }
    if (id !== undefined) {
      this.#multiplexed = true;
      this.#byId.set(id, call);
    } else if (jsonRpc === undefined) this.#closing = true;
    let result: unknown;
    try {
      result = this.#handler(call);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    if (result instanceof Promise) {
      result.then(
        (value) => this.#succeed(call, value),
        (error) => this.#fail(call, error),
      );
    } else this.#succeed(call, result);
  }

  #succeed(call: CallInFlight, result: unknown): void {
    const { request } = call;
    try {
      this.#answer(call, () => answerLine(request, this.#encode(result, request)));
    } catch (error) {
      this.#options.onUnsayable?.(error, request);
      this.#fail(call, error);
    }
    this.#end(call);
  }

  #fail(call: CallInFlight, error: unknown): void {
    const { opId } = call.request;
    this.#options.onError?.(error, call.request);
    if (call.answered) this.#channel?.destroy();
    // Node's own calls throw an AbortError of theirs when the signal ends them.
    const aborted = call.cancelled !== undefined && !isNookError(error) && (error as Error)?.name === 'AbortError';
    this.#answer(call, () => errorLine(call.request, aborted ? call.cancelled : error, opId));
    this.#end(call);
  }

  #answer(call: CallInFlight, line: () => string): void {
    if (call.answered) return;
    if (call.request.jsonRpc?.notification !== true) this.#writer.write(line());
    call.answered = true;
    this.#end(call);
  }

  #end(call: CallInFlight): void {
    // An upgraded call lives as long as its channel, so that a lost connection aborts it.
    if (this.#channel !== undefined || !this.#calls.delete(call)) return;
    if (call.request.id !== undefined) this.#byId.delete(call.request.id);
    this.#closeWhenDone();
    if (this.#paused) this.#readLines();
  }

  #cancel(id: RequestId): void {
    const call = this.#byId.get(id);
    if (call === undefined || call.cancelled !== undefined) return;
    const reason = new NookError('cancelled', 'The caller cancelled the call.');
    call.cancel(reason, 'caller');
    const timer = setTimeout(() => {
      this.#answer(call, () => errorLine(call.request, reason, call.request.opId));
    }, CANCEL_GRACE_MS);
    timer.unref();
  }

  #finishInput(): void {
    this.#closing = true;
    this.#reader.clear();
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (!(this.#closing || this.#draining) || this.#calls.size > 0 || this.#ended) return;
    // What has come before is still answered, be it with a refusal.
    if (this.#inRow && !this.#closing) return;
    this.#ended = true;
    this.#closing = true;
    this.#writer.flush();
    this.#setReading();
    // What the peer still sends is read and dropped, since closing over unread bytes could cost it its answer.
    this.#socket.end(() => {
      if (this.#inputEnded) this.#socket.destroy();
    });
    this.#closeLater();
  }

  #closeLater(): void {
    const timer = setTimeout(() => this.close(), LINGER_MS).unref();
    void this.closed.then(() => clearTimeout(timer));
  }

  #setReading(): void {
    if (this.#channel !== undefined) return;
    this.#paused = this.#full && !this.#closing;
    if (this.#paused || this.#inRow) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
    if ((this.#paused || this.#inputEnded) && this.#calls.size > 0) this.#stopWatch ??= watchPeer(this.#socket);
    else if (this.#stopWatch !== undefined) {
      this.#stopWatch();
      this.#stopWatch = undefined;
    }
  }

  #onClose(): void {
    this.#closing = true;
    this.#reader.clear();
    const reason = new NookError('cancelled', 'The connection of the caller was lost.');
    for (const call of this.#calls) {
      call.answered = true;
      call.cancel(reason, 'connection');
    }
    this.#calls.clear();
    this.#byId.clear();
  }

  #encode(result: unknown, request: RpcRequest): Record<string, unknown> {
    return this.#options.encodeAnswer?.(result, request) ?? { result: result ?? null };
  }
}
