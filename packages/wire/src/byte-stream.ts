import { Duplex } from 'node:stream';
import { NookError } from '@nook/daemonapi';
import type { FrameChannel } from './frame-channel.ts';
import { fromWireError, toWireError } from './wire-error.ts';

const KIND = { data: 0, end: 1, credit: 2, error: 3 } as const;

/** Bytes that a sender may have outstanding before the receiver grants more. */
const WINDOW_BYTES = 256 * 1024;
const FRAME_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * A stream of bytes both ways over a channel whose both ends are such streams, each direction with its own flow control
 * and its own end. Destroying it with an error tells the peer, whose stream is destroyed with the same error.
 * @param opId put into errors that this end sends
 */
export function byteStream(channel: FrameChannel, opId = ''): ByteStream {
  return new ByteStream(channel, opId);
}

export class ByteStream extends Duplex {
  readonly #channel: FrameChannel;
  readonly #opId: string;
  #sendCredit = WINDOW_BYTES;
  #unsent: { readonly chunk: Buffer; readonly done: () => void } | undefined;
  /** Bytes that the peer may still send. */
  #window = WINDOW_BYTES;
  /** Bytes handed to the reader's buffer for which no credit was granted yet. */
  #taken = 0;
  #peerEnded = false;
  #errorSent = false;

  constructor(channel: FrameChannel, opId: string) {
    super({ readableHighWaterMark: FRAME_BYTES, writableHighWaterMark: FRAME_BYTES });
    this.#channel = channel;
    this.#opId = opId;
    channel.onClose = (error) => this.#onClose(error);
    channel.onFrame = (kind, payload) => this.#onFrame(kind, payload);
  }

  override _read(): void {
    this.#grant();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#unsent = { chunk, done };
    this.#send();
  }

  override _final(done: () => void): void {
    this.#channel.write(KIND.end, NOTHING);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const unsent = this.#unsent;
    this.#unsent = undefined;
    if (error?.name === 'AbortError') {
      // So ends a stream whose `for await` was left. What it was left by may follow in this turn.
      setImmediate(() => this.#sendError(error));
    } else if (error !== null) this.#sendError(error);
    else if (this.#peerEnded && this.writableFinished) this.#channel.end();
    else this.#channel.destroy();
    unsent?.done();
    done(error);
  }

  /** Destroys the stream with an error that the peer gets to see, also just after a `for await` over it was left by that error. */
  fail(error: Error): void {
    if (this.destroyed) this.#sendError(error);
    else this.destroy(error);
  }

  #sendError(error: Error): void {
    if (this.#errorSent) return;
    this.#errorSent = true;
    this.#channel.write(KIND.error, Buffer.from(JSON.stringify(toWireError(error, this.#opId))));
    this.#channel.end();
  }

  #onFrame(kind: number, payload: Buffer): void {
    if (kind === KIND.data) this.#onData(payload);
    else if (kind === KIND.end) {
      this.#peerEnded = true;
      this.push(null);
    } else if (kind === KIND.credit && payload.length === 4) {
      this.#sendCredit += payload.readUInt32LE(0);
      this.#send();
    } else if (kind === KIND.error) this.destroy(readError(payload));
    // Kinds that are not known come from a newer peer.
  }

  #onData(payload: Buffer): void {
    this.#window -= payload.length;
    if (this.#window < 0 || this.#peerEnded) {
      this.destroy(new NookError('bad_request', 'The peer sent more than it was granted.'));
      return;
    }
    this.#taken += payload.length;
    if (this.push(payload)) this.#grant();
  }

  #grant(): void {
    if (this.#taken < WINDOW_BYTES / 4 || this.#peerEnded) return;
    const credit = Buffer.alloc(4);
    credit.writeUInt32LE(this.#taken, 0);
    this.#window += this.#taken;
    this.#taken = 0;
    this.#channel.write(KIND.credit, credit);
  }

  #send(): void {
    while (this.#unsent !== undefined && this.#sendCredit > 0) {
      const { chunk, done } = this.#unsent;
      const part = chunk.subarray(0, Math.min(this.#sendCredit, FRAME_BYTES));
      this.#sendCredit -= part.length;
      this.#channel.write(KIND.data, part);
      if (part.length < chunk.length) this.#unsent = { chunk: chunk.subarray(part.length), done };
      else {
        this.#unsent = undefined;
        done();
      }
    }
  }

  #onClose(error: Error | undefined): void {
    if (this.destroyed || (this.#peerEnded && this.writableFinished)) return;
    this.destroy(error ?? new NookError('unavailable', 'The connection of the stream was lost.'));
  }
}

function readError(payload: Buffer): Error {
  try {
    return fromWireError(JSON.parse(payload.toString('utf8')));
  } catch {
    return new NookError('internal', 'The peer ended the stream with an error that cannot be read.');
  }
}
