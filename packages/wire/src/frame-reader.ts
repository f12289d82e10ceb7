import { NookError } from '@nook/daemonapi';
import { MAX_FRAME_BYTES } from './limits.ts';

export const HEADER_BYTES = 5;

export interface Frame {
  readonly kind: number;
  readonly payload: Buffer;
}

/** Cuts bytes into frames, wherever the chunks were split. A payload within one chunk is not copied. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #header: { readonly size: number; readonly kind: number } | undefined;

  /** No byte of an unfinished frame is held. */
  get empty(): boolean {
    return this.#bytes === 0 && this.#header === undefined;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
    this.#header = undefined;
  }

  /** @throws NookError `bad_request` when a frame is longer than is allowed; nothing more can then be read */
  next(): Frame | undefined {
    if (this.#header === undefined) {
      if (this.#bytes < HEADER_BYTES) return undefined;
      const header = this.#take(HEADER_BYTES);
      const size = header.readUInt32LE(0);
      if (size > MAX_FRAME_BYTES) throw new NookError('bad_request', `A frame of ${size} bytes is too long.`);
      this.#header = { size, kind: header.readUInt8(4) };
    }
    const { size, kind } = this.#header;
    if (this.#bytes < size) return undefined;
    this.#header = undefined;
    return { kind, payload: this.#take(size) };
  }

  #take(size: number): Buffer {
    this.#bytes -= size;
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= size) {
      if (first.length === size) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(size);
      return first.subarray(0, size);
    }
    const parts: Buffer[] = [];
    for (let missing = size; missing > 0; ) {
      const chunk = this.#chunks[0] as Buffer;
      if (chunk.length <= missing) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(missing);
      parts.push(chunk.subarray(0, missing));
      missing -= Math.min(missing, chunk.length);
    }
    return Buffer.concat(parts, size);
  }
}
