import { createHash } from 'node:crypto';
import { archiveError } from './archive-error.ts';

/** What a tar is read from, once and in order. */
export interface TarBytes {
  /** Exactly `size` bytes; fewer only when the input has ended. */
  take(size: number): Promise<Buffer>;
  /** `size` bytes as they come; fewer in all only when the input has ended. */
  pieces(size: number): AsyncIterable<Uint8Array>;
  /** Passes over `size` bytes. @returns whether there were so many */
  skip(size: number): Promise<boolean>;
}

/** Takes exact amounts from a stream of chunks, and hashes all that was taken. */
export class ByteSource implements TarBytes {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #hash = createHash('sha256');
  readonly #maxBytes: number;
  #rest: Uint8Array = new Uint8Array(0);
  #bytes = 0;

  /** @param maxBytes most that the input may be long */
  constructor(input: AsyncIterable<Uint8Array>, maxBytes = Number.POSITIVE_INFINITY) {
    this.#iterator = input[Symbol.asyncIterator]();
    this.#maxBytes = maxBytes;
  }

  async take(size: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.pieces(size)) parts.push(part);
    return Buffer.concat(parts);
  }

  async *pieces(size: number): AsyncGenerator<Uint8Array> {
    let missing = size;
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#refill())) return;
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      missing -= piece.length;
      this.#hash.update(piece);
      yield piece;
    }
  }

  async skip(size: number): Promise<boolean> {
    let left = size;
    for await (const piece of this.pieces(size)) left -= piece.length;
    return left === 0;
  }

  /** Reads the input to its end, so that its writer can finish. @param hashed whether that counts for the digest */
  async drain(hashed = false): Promise<void> {
    do if (hashed) this.#hash.update(this.#rest);
    while (await this.#refill());
    this.#rest = new Uint8Array(0);
  }

  /** SHA-256, in hex, of all that was taken. The source cannot be used afterwards. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  async #refill(): Promise<boolean> {
    const next = await this.#iterator.next();
    if (next.done === true) return false;
    this.#rest = next.value;
    this.#bytes += next.value.length;
    if (this.#bytes > this.#maxBytes) {
      throw archiveError(
        `The archive is longer than ${this.#maxBytes} bytes.`,
        'Raise [images] max_import_bytes and size in config.toml, or leave out what the image does not need.',
      );
    }
    return true;
  }
}
