/** 1 stdout, 2 stderr, as in the guest protocol. */
export type OutputStream = 1 | 2;

export interface OutputPiece {
  readonly stream: OutputStream;
  readonly offset: number;
  /** A view into the log: valid until later bytes overwrite it. */
  readonly bytes: Buffer;
}

interface Segment {
  readonly stream: OutputStream;
  readonly start: number;
  end: number;
}

const FIRST_SIZE = 16 * 1024;
const MAX_SEGMENTS = 8192;

/**
 * The latest bytes of a session's output, both streams in the order they came, in a ring that grows to `capacity`.
 * Offsets count bytes of both streams from the session's beginning; the oldest bytes go first.
 */
export class OutputLog {
  readonly #capacity: number;
  #ring = Buffer.allocUnsafeSlow(FIRST_SIZE);
  #start = 0;
  #end = 0;
  #segments: Segment[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Offset of the oldest byte kept. */
  get start(): number {
    return this.#start;
  }

  /** Offset after the newest byte. */
  get end(): number {
    return this.#end;
  }

  /** Of an empty log: what comes next stands at this offset. */
  beginAt(offset: number): void {
    this.#start = offset;
    this.#end = offset;
  }

  /** All that is kept, in order; views as those of {@link read}. */
  pieces(): OutputPiece[] {
    const pieces: OutputPiece[] = [];
    for (let at = this.#start; at < this.#end; ) {
      const piece = this.read(at, this.#end - at);
      if (!piece) break;
      pieces.push(piece);
      at = piece.offset + piece.bytes.length;
    }
    return pieces;
  }

  append(stream: OutputStream, bytes: Buffer): void {
    const kept = bytes.length > this.#capacity ? bytes.subarray(bytes.length - this.#capacity) : bytes;
    this.#end += bytes.length - kept.length;
    this.#grow(this.#end - this.#start + kept.length);
    const from = this.#end % this.#ring.length;
    const first = Math.min(kept.length, this.#ring.length - from);
    kept.copy(this.#ring, from, 0, first);
    kept.copy(this.#ring, 0, first);
    const last = this.#segments.at(-1);
    const begin = this.#end;
    this.#end += kept.length;
    if (last?.stream === stream && last.end === begin) last.end = this.#end;
    else this.#segments.push({ stream, start: begin, end: this.#end });
    this.discardTo(this.#end - this.#ring.length);
    if (this.#segments.length > MAX_SEGMENTS) this.discardTo(this.#segments[this.#segments.length >> 1]?.start ?? 0);
  }

  /** Forgets what stands before `offset`. */
  discardTo(offset: number): void {
    if (offset <= this.#start) return;
    this.#start = Math.min(offset, this.#end);
    const keep = this.#segments.findIndex((segment) => segment.end > this.#start);
    if (keep !== 0) this.#segments = keep < 0 ? [] : this.#segments.slice(keep);
  }

  /** The first contiguous piece at or after `offset`, at most `limit` bytes; undefined at the end. */
  read(offset: number, limit: number): OutputPiece | undefined {
    const from = Math.max(offset, this.#start);
    const segment = this.#segments[this.#indexOf(from)];
    if (!segment) return undefined;
    const at = Math.max(from, segment.start);
    const place = at % this.#ring.length;
    const length = Math.min(limit, segment.end - at, this.#ring.length - place);
    return { stream: segment.stream, offset: at, bytes: this.#ring.subarray(place, place + length) };
  }

  /** Index of the segment that holds `offset`. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#segments[middle] as Segment).end <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(needed: number): void {
    let size = this.#ring.length;
    while (size < needed && size < this.#capacity) size = Math.min(size * 2, this.#capacity);
    if (size === this.#ring.length) return;
    const ring = Buffer.allocUnsafeSlow(size);
    for (let at = this.#start; at < this.#end; ) {
      const from = at % this.#ring.length;
      const to = at % size;
      const length = Math.min(this.#end - at, this.#ring.length - from, size - to);
      this.#ring.copy(ring, to, from, from + length);
      at += length;
    }
    this.#ring = ring;
  }
}
