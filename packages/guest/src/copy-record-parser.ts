import { CopyRecord, MAX_COPY_RECORD } from './copy-record.ts';
import { GuestProtocolError } from './protocol-error.ts';

const HEADER = 5;

/**
 * Cuts a stream of bytes into records. DATA comes in the pieces that it arrives in, each a view of its chunk; other
 * records come whole.
 */
export class CopyRecordParser {
  readonly #onRecord: (kind: number, payload: Buffer) => void;
  readonly #header = Buffer.alloc(HEADER);
  #headerLength = 0;
  #payload: Buffer | undefined;
  /** Bytes of the current payload that are still to come. */
  #left = 0;

  constructor(onRecord: (kind: number, payload: Buffer) => void) {
    this.#onRecord = onRecord;
  }

  /** @throws GuestProtocolError when the bytes cannot be records, and what the listener throws */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerLength < HEADER) {
        const taken = chunk.copy(this.#header, this.#headerLength, at);
        this.#headerLength += taken;
        at += taken;
        if (this.#headerLength === HEADER) this.#begin();
      } else {
        const piece = chunk.subarray(at, at + this.#left);
        at += piece.length;
        this.#take(piece);
      }
    }
  }

  #begin(): void {
    this.#left = this.#header.readUInt32LE(1);
    if (this.#left > MAX_COPY_RECORD) {
      throw new GuestProtocolError(
        'oversized',
        `A record announces ${this.#left} bytes; the limit is ${MAX_COPY_RECORD}.`,
      );
    }
    this.#payload = this.#header[0] === CopyRecord.DATA ? undefined : Buffer.allocUnsafe(this.#left);
    if (this.#left === 0) this.#finish();
  }

  #take(piece: Buffer): void {
    if (this.#payload) piece.copy(this.#payload, this.#payload.length - this.#left);
    else this.#onRecord(CopyRecord.DATA, piece);
    this.#left -= piece.length;
    if (this.#left === 0) this.#finish();
  }

  #finish(): void {
    const payload = this.#payload;
    this.#payload = undefined;
    this.#headerLength = 0;
    if (payload) this.#onRecord(this.#header.readUInt8(0), payload);
  }
}
