import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const NEWLINE = 0x0a;
const LONGEST_MS = 60_000;

/** Sends lines as fast as lines come back, with so many under way at a time. The same work for any peer. */
export class LineLoad implements Disposable {
  readonly #socket: Socket;
  #next = 0;
  #unsent = 0;
  #unanswered = 0;
  #done = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  static async connect(path: string): Promise<LineLoad> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new LineLoad(socket);
  }

  /** @returns lines per second */
  async run(lines: number, inFlight: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#done = resolve;
    this.#unsent = this.#unanswered = lines;
    const timer = setTimeout(() => reject(new Error(`${this.#unanswered} lines unanswered`)), LONGEST_MS);
    const began = performance.now();
    this.#send(inFlight);
    await promise.finally(() => clearTimeout(timer));
    return lines / ((performance.now() - began) / 1000);
  }

  #take(bytes: Buffer): void {
    let answered = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) answered++;
    this.#unanswered -= answered;
    if (this.#unanswered === 0) this.#done();
    else this.#send(answered);
  }

  #send(count: number): void {
    let text = '';
    for (; count > 0 && this.#unsent > 0; count--, this.#unsent--) {
      text += `{"version":1,"id":${this.#next++},"method":"ping"}\n`;
    }
    if (text !== '') this.#socket.write(text);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
