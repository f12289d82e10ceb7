import type { Socket } from 'node:net';
import { isNookError, NookError, type Progress } from '@nook/daemonapi';
import type { WireEvent } from './answer.ts';
import { FrameChannel } from './frame-channel.ts';
import { lineBytes, MAX_LINE_BYTES } from './limits.ts';
import { LineReader } from './line-reader.ts';
import { LineWriter } from './line-writer.ts';
import { mintOpId } from './op-id.ts';
import { connectUnix } from './unix-socket.ts';
import { fromWireError, isRecord } from './wire-error.ts';

export interface CallOptions {
  /** Minted when absent. */
  readonly opId?: string;
  /** Cancels the call; it then ends with what the server answers, `cancelled` unless it was done already. */
  readonly signal?: AbortSignal;
  /** Without one a call may take for ever. When it passes, the call ends with `timeout` and is cancelled. */
  readonly timeoutMs?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly onEvent?: (event: WireEvent) => void;
  readonly idempotencyKey?: string;
}

interface Pending {
  readonly opId: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly options: CallOptions;
  readonly release: () => void;
  readonly upgrade: boolean;
}

/** A connection to a server that speaks nook's wire, for any number of calls at once. */
export class RpcClient {
  /** Settles when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #writer: LineWriter;
  readonly #reader = new LineReader();
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #channel: FrameChannel | undefined;
  #failure: unknown;

  /** @throws NookError `unavailable` when nobody listens, `timeout` */
  static async connect(path: string, options?: { readonly timeoutMs?: number }): Promise<RpcClient> {
    return new RpcClient(await connectUnix(path, options));
  }

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#writer = new LineWriter(socket);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', this.#onData);
    socket.on('error', (error) => {
      this.#failure ??= error;
    });
    socket.once('close', () => this.#onClose());
  }

  /**
   * @returns the answer's `result`, or, where it has none, all its fields but `id` and `ok`
   * @throws NookError as answered (with `opId`); `outcome_unknown` when the connection is lost before the answer
   */
  call(method: string, params: object = {}, options: CallOptions = {}): Promise<unknown> {
    return this.#send(method, params, { options, upgrade: false });
  }

  /** Calls a method that turns this connection into a channel of frames. No other call may be in flight, nor follow. */
  async upgrade(
    method: string,
    params: object = {},
    options: CallOptions = {},
  ): Promise<{ readonly result: unknown; readonly channel: FrameChannel }> {
    if (this.#pending.size > 0) throw new NookError('bad_request', 'A stream needs a connection of its own.');
    const result = await this.#send(method, params, { options, upgrade: true });
    return { result, channel: this.#channel as FrameChannel };
  }

  /** Closes at once. Calls in flight end with `outcome_unknown`. A channel from {@link upgrade} is closed by itself. */
  close(): void {
    if (this.#channel === undefined) this.#socket.destroy();
  }

  #send(method: string, params: object, how: { options: CallOptions; upgrade: boolean }): Promise<unknown> {
    const { options, upgrade } = how;
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted) throw cancelled(options.signal);
      if (!this.#socket.writable || this.#channel !== undefined) {
        throw new NookError('unavailable', 'The connection to the daemon is closed.');
      }
      const id = this.#nextId++;
      const opId = options.opId ?? mintOpId();
      const line = JSON.stringify({
        version: 1,
        id,
        method,
        params,
        op_id: opId,
        ...(options.idempotencyKey === undefined ? {} : { idempotency_key: options.idempotencyKey }),
      });
      if (lineBytes(line) > MAX_LINE_BYTES) {
        throw new NookError('bad_request', `The request is longer than the ${MAX_LINE_BYTES} bytes of a line.`);
      }
      const release = this.#armEnds(id, options);
      this.#pending.set(id, { opId, resolve, reject, options, release, upgrade });
      this.#writer.write(`${line}\n`);
    });
  }

  /** What may end a call early, and the call that disarms it. */
  #armEnds(id: number, { signal, timeoutMs }: CallOptions): () => void {
    if (signal === undefined && timeoutMs === undefined) return () => {};
    const cancel = () => this.#writer.write(`{"version":1,"cancel":${id}}\n`);
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            cancel();
            this.#settle(id)?.reject(new NookError('timeout', `No answer in ${timeoutMs} ms.`));
          }, timeoutMs);
    signal?.addEventListener('abort', cancel, { once: true });
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    };
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.release();
    return pending;
  }

  #onData = (chunk: Buffer): void => {
    this.#reader.push(chunk);
    try {
      while (this.#channel === undefined) {
        const line = this.#reader.next();
        if (line === undefined) return;
        this.#onLine(JSON.parse(line));
      }
    } catch (error) {
      this.#failure ??= error;
      this.#socket.destroy();
    }
  };

  #onLine(answer: unknown): void {
    if (!isRecord(answer)) throw new NookError('bad_request', 'The peer does not speak this wire.');
    const { id, ok, progress, event, error, ...fields } = answer;
    if (typeof id !== 'number') {
      // Said about the connection as a whole: nothing that is in flight can be answered any more.
      if (ok === false) throw fromWireError(error);
      return;
    }
    if (isRecord(progress)) this.#pending.get(id)?.options.onProgress?.(progress as unknown as Progress);
    else if (isRecord(event)) this.#pending.get(id)?.options.onEvent?.(event as unknown as WireEvent);
    else {
      const pending = this.#settle(id);
      if (pending === undefined) return;
      if (ok !== true) {
        pending.reject(fromWireError(error));
        return;
      }
      if (pending.upgrade) this.#becomeChannel();
      pending.resolve('result' in fields ? fields.result : fields);
    }
  }

  #becomeChannel(): void {
    this.#socket.off('data', this.#onData);
    this.#channel = new FrameChannel(this.#socket, this.#reader.rest());
  }

  #onClose(): void {
    const cause = this.#failure;
    for (const [id, { opId }] of [...this.#pending]) {
      this.#settle(id)?.reject(isNookError(cause) ? cause : new ConnectionLost(opId, cause));
    }
  }
}

/** The connection was lost before the answer: only asking again under the same idempotency key tells what became of the call. */
export class ConnectionLost extends NookError {
  readonly opId: string;

  constructor(opId: string, cause: unknown) {
    super('outcome_unknown', 'The connection to the daemon was lost before it answered.', {
      hint: 'Look at the state before you repeat the call.',
      details: { op_id: opId },
      cause,
    });
    this.opId = opId;
  }
}

function cancelled(signal: AbortSignal): unknown {
  return isNookError(signal.reason) ? signal.reason : new NookError('cancelled', 'The call was cancelled.');
}
