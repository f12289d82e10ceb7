import { createHash } from 'node:crypto';

/** Takes exact amounts from a stream of chunks, and hashes all that was taken. */
export class ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #hash = createHash('sha256');
  #rest: Uint8Array = new Uint8Array(0);

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#iterator = input[Symbol.asyncIterator]();
  }

  /** Exactly `size` bytes; fewer only when the input has ended. */
  async take(size: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.pieces(size)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** `size` bytes as they come; fewer in all only when the input has ended. */
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

  /** Reads the input to its end, unhashed, so that its writer can finish. */
  async drain(): Promise<void> {
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
    return true;
  }
}
