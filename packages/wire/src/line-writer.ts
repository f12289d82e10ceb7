import type { Socket } from 'node:net';
import { MAX_ALL_WAITING_BYTES, MAX_WAITING_BYTES, MAX_WAITING_NEWS_BYTES } from './limits.ts';

/** Bytes that wait for slow readers, of all connections of this process that are behind. */
let allWaiting = 0;

/** Gathers the lines of one turn of the event loop into one write. */
export class LineWriter {
  readonly #socket: Socket;
  #text = '';
  /** This one's part of `allWaiting`. */
  #counted = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.once('close', () => this.#count(0));
  }

  write(line: string): void {
    if (this.#text === '') process.nextTick(() => this.flush());
    this.#text += line;
  }

  flush(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    if (this.#socket.writable) this.#socket.write(text);
  }

  /** The reader does not keep up: by itself, or as one of many that together hold too much. */
  get full(): boolean {
    const waiting = this.#waiting;
    const behind = waiting > MAX_WAITING_NEWS_BYTES;
    if (behind || this.#counted > 0) this.#count(behind ? waiting : 0);
    return waiting > MAX_WAITING_BYTES || (behind && allWaiting > MAX_ALL_WAITING_BYTES);
  }

  /** There is room for what may be dropped. */
  get hasRoom(): boolean {
    return this.#waiting <= MAX_WAITING_NEWS_BYTES;
  }

  #count(waiting: number): void {
    allWaiting += waiting - this.#counted;
    this.#counted = waiting;
  }

  get #waiting(): number {
    return this.#socket.writableLength + this.#text.length;
  }
}
