import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type DbusCall, type DbusMessage, decodeMessage, encodeCall, messageLength } from './dbus-message.ts';
import type { DbusValue } from './dbus-values.ts';

const MOST_BYTES = 1024 * 1024;

/** What the other side answered instead of a result. */
export class DbusError extends Error {
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A connection of D-Bus to one peer, without a message bus between. */
export class DbusConnection implements Disposable {
  readonly #socket: Socket;
  readonly #calls = new Map<number, PromiseWithResolvers<readonly DbusValue[]>>();
  readonly #signals: DbusMessage[] = [];
  readonly #failed = Promise.withResolvers<never>();
  #wake = Promise.withResolvers<void>();
  #serial = 0;
  #received: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#failed.promise.catch(() => {});
    socket.on('error', (error) => this.#failed.reject(error));
    socket.on('close', () => this.#failed.reject(new Error('the connection was closed')));
  }

  /** @throws when nobody listens, when this user is refused, or when `signal` aborts */
  static async open(path: string, signal: AbortSignal): Promise<DbusConnection> {
    const socket = connect(path);
    signal.addEventListener('abort', () => socket.destroy(signal.reason as Error), { once: true });
    try {
      await once(socket, 'connect', { signal });
      const uid = Buffer.from(String(process.getuid?.())).toString('hex');
      socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
      const [answer] = (await once(socket, 'data', { signal })) as [Buffer];
      if (!answer.toString('latin1').startsWith('OK ')) throw new Error('it refuses this user');
    } catch (error) {
      socket.destroy();
      throw error;
    }
    socket.write('BEGIN\r\n');
    const connection = new DbusConnection(socket);
    socket.on('data', (chunk: Buffer) => connection.#receive(chunk));
    return connection;
  }

  /** @throws DbusError what the peer answers */
  async call(call: DbusCall): Promise<readonly DbusValue[]> {
    this.#serial += 1;
    const answer = Promise.withResolvers<readonly DbusValue[]>();
    this.#calls.set(this.#serial, answer);
    this.#socket.write(encodeCall(this.#serial, call));
    return Promise.race([answer.promise, this.#failed.promise]);
  }

  /** Waits for a signal; those that came before are looked at too. */
  async signal(test: (message: DbusMessage) => boolean): Promise<DbusMessage> {
    for (;;) {
      const found = this.#signals.find(test);
      if (found) return found;
      await Promise.race([this.#wake.promise, this.#failed.promise]);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    try {
      for (;;) {
        const length = messageLength(this.#received);
        if (length !== undefined && length > MOST_BYTES) throw new Error('a message of D-Bus is too long');
        if (length === undefined || length > this.#received.length) return;
        this.#take(decodeMessage(this.#received.subarray(0, length)));
        this.#received = this.#received.subarray(length);
      }
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  #take(message: DbusMessage): void {
    if (message.type === 'signal') {
      this.#signals.push(message);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers<void>();
      return;
    }
    const call = this.#calls.get(message.reply_to ?? 0);
    this.#calls.delete(message.reply_to ?? 0);
    if (message.type === 'reply') call?.resolve(message.body);
    else call?.reject(new DbusError(message.error ?? '', String(message.body[0] ?? message.error)));
  }
}
