import type { Socket } from 'node:net';
import { MAX_WAITING_BYTES, MAX_WAITING_NEWS_BYTES } from './limits.ts';

/** Gathers the lines of one turn of the event loop into one write. */
export class LineWriter {
  readonly #socket: Socket;
  #text = '';

  constructor(socket: Socket) {
    this.#socket = socket;
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

  /** The reader does not keep up. */
  get full(): boolean {
    return this.#waiting > MAX_WAITING_BYTES;
  }

  /** There is room for what may be dropped. */
  get hasRoom(): boolean {
    return this.#waiting <= MAX_WAITING_NEWS_BYTES;
  }

  get #waiting(): number {
    return this.#socket.writableLength + this.#text.length;
  }
}
