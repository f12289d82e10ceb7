import { isUtf8 } from 'node:buffer';
import { NookError } from '@nook/daemonapi';
import { MAX_LINE_BYTES } from './limits.ts';

const NEWLINE = 0x0a;

/** Cuts bytes into lines, wherever the chunks were split. Pulled, so that a reader can stop in the middle of a chunk. */
export class LineReader {
  #chunks: Buffer[] = [];
  /** Where the unread part of the first chunk begins. */
  #offset = 0;
  /** Pieces of the line whose end has not been seen. */
  #pieces: Buffer[] = [];
  #piecesBytes = 0;

  push(chunk: Buffer): void {
    if (chunk.length > 0) this.#chunks.push(chunk);
  }

  /**
   * @returns the next complete line without its newline
   * @throws NookError `bad_request` when a line is too long (nothing more can then be read) or is not UTF-8
   */
  next(): string | undefined {
    for (;;) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) return undefined;
      const start = this.#offset;
      const end = chunk.indexOf(NEWLINE, start);
      if (end === -1) {
        this.#keep(chunk.subarray(start));
        this.#nextChunk();
        continue;
      }
      if (end + 1 === chunk.length) this.#nextChunk();
      else this.#offset = end + 1;
      if (this.#piecesBytes === 0 && end - start <= MAX_LINE_BYTES) return decode(chunk, start, end);
      this.#keep(chunk.subarray(start, end));
      return this.#takePieces();
    }
  }

  /** Something was pushed that no line was looked for in. */
  get hasMore(): boolean {
    return this.#chunks.length > 0;
  }

  /** At the end of input: the last line when it has no newline. */
  last(): string | undefined {
    return this.#piecesBytes === 0 ? undefined : this.#takePieces();
  }

  /** Takes everything that was pushed and not read as a line. */
  rest(): Buffer {
    const [first, ...more] = this.#chunks;
    const rest = Buffer.concat([...this.#pieces, ...(first ? [first.subarray(this.#offset), ...more] : [])]);
    this.clear();
    return rest;
  }

  clear(): void {
    this.#chunks = [];
    this.#offset = 0;
    this.#pieces = [];
    this.#piecesBytes = 0;
  }

  #nextChunk(): void {
    this.#chunks.shift();
    this.#offset = 0;
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#piecesBytes += piece.length;
    if (this.#piecesBytes > MAX_LINE_BYTES) throw new LineTooLong();
  }

  #takePieces(): string {
    const line = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#piecesBytes = 0;
    return decode(line, 0, line.length);
  }
}

/** The stream cannot be read any further: where the next line begins is unknown. */
export class LineTooLong extends NookError {
  constructor() {
    super('bad_request', `The line is longer than ${MAX_LINE_BYTES} bytes.`);
  }
}

function decode(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  // U+FFFD is what the decoder puts in place of a bad byte; only then is it worth a second look.
  if (text.includes('\uFFFD') && !isUtf8(bytes.subarray(start, end))) {
    throw new NookError('bad_request', 'The line is not UTF-8.');
  }
  return text;
}
