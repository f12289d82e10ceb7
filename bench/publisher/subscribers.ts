import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connectUnix } from '../../packages/wire/src/index.ts';

const NEWLINE = 0x0a;
const LONGEST_MS = 60_000;
const SUBSCRIBE = '{"version":1,"id":1,"method":"event.subscribe","params":{"patterns":["publisher.*"]}}\n';

/** Connections that hear all events, and count them. */
export class Subscribers implements Disposable {
  readonly #sockets: readonly Socket[];
  #heard = 0;
  #expected = 0;
  #done = () => {};

  static async connect(path: string, count: number): Promise<Subscribers> {
    const sockets = await Promise.all(
      Array.from({ length: count }, async () => {
        const socket = await connectUnix(path);
        socket.write(SUBSCRIBE);
        // It says that it follows.
        await once(socket, 'data');
        return socket;
      }),
    );
    return new Subscribers(sockets);
  }

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
    for (const socket of sockets) socket.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  /** Settles when all have heard so many more events than they had when it was called last. */
  async hear(events: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#expected += events * this.#sockets.length;
    this.#done = resolve;
    const timer = setTimeout(() => reject(new Error(`${this.#expected - this.#heard} not heard`)), LONGEST_MS);
    this.#check();
    await promise.finally(() => clearTimeout(timer));
  }

  #take(bytes: Buffer): void {
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) this.#heard++;
    this.#check();
  }

  #check(): void {
    if (this.#heard >= this.#expected) this.#done();
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
