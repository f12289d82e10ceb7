import { HEADER_SIZE, MAX_PAYLOAD } from './frame-type.ts';
import type { Frame } from './frames.ts';
import { GuestProtocolError } from './protocol-error.ts';

/**
 * Cuts a stream of bytes into frames. A frame that lies whole in one chunk is a view of it; one that spans several
 * chunks is gathered into a buffer of its own, once.
 */
export class FrameParser {
  readonly #header = Buffer.alloc(HEADER_SIZE);
  #headerLength = 0;
  #payload: Buffer | undefined;
  #payloadLength = 0;

  /** Bytes of a frame that has begun and is not complete yet. */
  get pending(): number {
    return this.#headerLength + this.#payloadLength;
  }

  /** @throws GuestProtocolError when the bytes cannot be frames; the parser is of no use afterwards. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#payload !== undefined) {
        at = this.#gather(chunk, at, frames);
      } else if (this.#headerLength === 0 && chunk.length - at >= HEADER_SIZE) {
        at = this.#begin(chunk, at, chunk, at + HEADER_SIZE, frames);
      } else {
        const taken = chunk.copy(this.#header, this.#headerLength, at);
        this.#headerLength += taken;
        at += taken;
        if (this.#headerLength === HEADER_SIZE) at = this.#begin(this.#header, 0, chunk, at, frames);
      }
    }
    return frames;
  }

  /** A header is complete: its frame is in the chunk whole, or its payload is gathered from here on. */
  #begin(header: Buffer, headerAt: number, chunk: Buffer, at: number, frames: Frame[]): number {
    const size = header.readUInt32LE(headerAt);
    if (size > MAX_PAYLOAD) {
      throw new GuestProtocolError('oversized', `A frame announces ${size} bytes; the limit is ${MAX_PAYLOAD}.`);
    }
    if (header.readUInt16LE(headerAt + 6) !== 0) {
      throw new GuestProtocolError('invalid', 'A frame has its reserved bytes set.');
    }
    if (chunk.length - at >= size) {
      frames.push(frameOf(header, headerAt, chunk.subarray(at, at + size)));
      this.#headerLength = 0;
      return at + size;
    }
    if (header !== this.#header) header.copy(this.#header, 0, headerAt, headerAt + HEADER_SIZE);
    this.#headerLength = HEADER_SIZE;
    this.#payload = Buffer.allocUnsafe(size);
    this.#payloadLength = 0;
    return at;
  }

  #gather(chunk: Buffer, at: number, frames: Frame[]): number {
    const payload = this.#payload as Buffer;
    const taken = chunk.copy(payload, this.#payloadLength, at);
    this.#payloadLength += taken;
    if (this.#payloadLength === payload.length) {
      frames.push(frameOf(this.#header, 0, payload));
      this.#payload = undefined;
      this.#payloadLength = 0;
      this.#headerLength = 0;
    }
    return at + taken;
  }
}

function frameOf(header: Buffer, at: number, payload: Buffer): Frame {
  return {
    type: header.readUInt8(at + 4),
    stream: header.readUInt8(at + 5),
    channel: header.readUInt32LE(at + 8),
    payload,
  };
}
