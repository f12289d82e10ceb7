import type { Socket } from 'node:net';
import { type RpcConnection, type RpcHandler, type ServeOptions, serveRpc } from '@nook/wire';

/** The open connections of a daemon. */
export class Connections {
  readonly #open = new Set<RpcConnection>();
  readonly #handler: RpcHandler;
  readonly #options: ServeOptions;

  constructor(handler: RpcHandler, options: ServeOptions = {}) {
    this.#handler = handler;
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  accept(socket: Socket): void {
    const connection = serveRpc(socket, this.#handler, this.#options);
    this.#open.add(connection);
    void connection.closed.then(() => this.#open.delete(connection));
  }

  /** Lets calls in flight end, cancels what is left after the deadline, and closes. */
  async drain(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#open].map((connection) => connection.drain(deadlineMs)));
  }
}
