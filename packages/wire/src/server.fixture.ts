import type net from 'node:net';
import { join } from 'node:path';
import { listenUnix, type RpcConnection, type RpcHandler, type ServeOptions, serveRpc } from './index.ts';
import { tempDir } from './temp-dir.fixture.ts';
import { connectUnix } from './unix-socket.ts';

export interface TestServer extends AsyncDisposable {
  readonly path: string;
  readonly connections: RpcConnection[];
}

/** A server on a socket of its own. */
export async function testServer(handler: RpcHandler, options?: ServeOptions): Promise<TestServer> {
  const dir = await tempDir();
  const path = join(dir.path, 's.sock');
  const connections: RpcConnection[] = [];
  const server = await listenUnix(path, (socket) => connections.push(serveRpc(socket, handler, options)));
  return {
    path,
    connections,
    async [Symbol.asyncDispose]() {
      await server.close();
      for (const connection of connections) connection.close();
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** A client of bytes: what it is told is sent as it is, what comes back is kept. */
export class RawClient {
  readonly socket: net.Socket;
  readonly closed: Promise<void>;
  #text = '';
  #wake: () => void = () => {};
  #ended = false;

  static async connect(path: string): Promise<RawClient> {
    return new RawClient(await connectUnix(path));
  }

  constructor(socket: net.Socket) {
    this.socket = socket;
    // A client that shuts down its writing side goes on reading.
    socket.allowHalfOpen = true;
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      this.#text += text;
      this.#wake();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#ended = true;
        this.#wake();
        resolve();
      });
      socket.once('end', () => {
        this.#ended = true;
        this.#wake();
        socket.end();
      });
    });
  }

  send(value: unknown): void {
    this.socket.write(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`);
  }

  /** The next answer, or nothing when the connection ends before one. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  async next(): Promise<any> {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end !== -1) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return JSON.parse(line);
      }
      if (this.#ended) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  /** One request on a connection of its own. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  static async ask(path: string, value: unknown): Promise<any> {
    const client = await RawClient.connect(path);
    client.send(value);
    const answer = await client.next();
    client.socket.destroy();
    return answer;
  }
}
