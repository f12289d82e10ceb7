import type { Socket } from 'node:net';
import { NookError } from '@nook/daemonapi';
import { FrameReader, HEADER_BYTES } from './frame-reader.ts';
import { MAX_FRAME_BYTES } from './limits.ts';
import { watchPeer } from './peer-watch.ts';

type OnFrame = (kind: number, payload: Buffer) => void;
type OnClose = (error?: Error) => void;

/** Up to this size copying a payload is cheaper than a second write. */
const COPIED_BYTES = 4096;

/**
 * Binary frames over a socket that was upgraded: u32le length of the payload (at most 1 MiB), u8 kind, payload.
 * What the kinds mean is up to the two ends. Nothing is read before `onFrame` is set, so no frame is missed.
 */
export class FrameChannel {
  /** Called once, when the socket is gone; with an error unless the peer ended it between two frames, or this side did. */
  onClose: OnClose = () => {};
  /** Called when everything written has been taken, after `write` answered false. */
  onDrain: () => void = () => {};

  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  #onFrame: OnFrame | undefined;
  #paused = false;
  #delivering = false;
  #ended = false;
  #closed = false;
  #closingHere = false;
  #corked = false;
  #error: Error | undefined;
  #stopWatch: (() => void) | undefined;

  /** Takes the socket over; `head` is what was already read of its bytes. */
  constructor(socket: Socket, head?: Buffer) {
    this.#socket = socket;
    socket.pause();
    if (head !== undefined) this.#reader.push(head);
    socket.on('data', (chunk: Buffer) => {
      if (this.#closingHere) return;
      this.#reader.push(chunk);
      this.#deliver();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#deliver();
    });
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', () => this.#close());
    socket.on('drain', () => this.onDrain());
    this.#setReading();
  }

  get onFrame(): OnFrame | undefined {
    return this.#onFrame;
  }

  set onFrame(listener: OnFrame) {
    const first = this.#onFrame === undefined;
    this.#onFrame = listener;
    if (first) {
      queueMicrotask(() => {
        this.#deliver();
        this.#setReading();
      });
    }
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  /**
   * Sends a frame. The payload must not be changed afterwards.
   * @returns false when the caller should wait for `onDrain` before it sends more
   * @throws RangeError when the payload is longer than 1 MiB
   */
  write(kind: number, payload: Buffer | Uint8Array): boolean {
    if (payload.length > MAX_FRAME_BYTES) throw new RangeError(`a frame holds at most ${MAX_FRAME_BYTES} bytes`);
    const socket = this.#socket;
    if (!socket.writable) return false;
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    const copied = payload.length <= COPIED_BYTES;
    const header = Buffer.allocUnsafe(HEADER_BYTES + (copied ? payload.length : 0));
    header.writeUInt32LE(payload.length, 0);
    header.writeUInt8(kind, 4);
    if (!copied) {
      socket.write(header);
      return socket.write(payload);
    }
    header.set(payload, HEADER_BYTES);
    return socket.write(header);
  }

  /** No frame is delivered until `resume`. */
  pause(): void {
    this.#paused = true;
    this.#setReading();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    queueMicrotask(() => {
      this.#deliver();
      this.#setReading();
    });
  }

  /**
   * Closes after everything written has been sent; what the peer still sends is not delivered. The peer closes its side
   * first, however late it reads, or dies: a write to a closed socket would make it lose what it has not read yet.
   */
  end(): void {
    if (this.#closingHere) return;
    this.#closingHere = true;
    this.#reader.clear();
    this.#setReading();
    const socket = this.#socket;
    const finish = () => socket.destroy();
    if (this.#ended) socket.end(finish);
    else {
      socket.once('end', () => (socket.writableFinished ? finish() : socket.once('finish', finish)));
      socket.end();
    }
  }

  /** Closes at once; what was not sent is lost. */
  destroy(): void {
    this.#closingHere = true;
    this.#socket.destroy();
  }

  #deliver(): void {
    // A listener may pause, close, or be called while another frame is being delivered.
    if (this.#delivering || this.#onFrame === undefined) return;
    this.#delivering = true;
    try {
      while (!this.#paused && !this.#closingHere) {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        this.#onFrame(frame.kind, frame.payload);
      }
    } catch (error) {
      this.#error ??= error as Error;
      this.#socket.destroy();
      return;
    } finally {
      this.#delivering = false;
    }
    if (this.#ended && !this.#paused && !this.#closingHere) this.#finish();
  }

  /** The peer has sent all it will send. */
  #finish(): void {
    if (!this.#reader.empty) this.#error ??= new NookError('bad_request', 'The stream ended within a frame.');
    this.#socket.end(() => this.#socket.destroy());
  }

  #setReading(): void {
    const reading = this.#closingHere || (this.#onFrame !== undefined && !this.#paused);
    if (reading) {
      this.#stopWatch?.();
      this.#stopWatch = undefined;
      this.#socket.resume();
    } else {
      this.#stopWatch ??= watchPeer(this.#socket);
      this.#socket.pause();
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#closingHere) this.onClose();
    else this.onClose(this.#error);
  }
}
