import type { Socket } from 'node:net';
import type { Access } from '@nook/daemonapi';
import { type RpcConnection, type RpcHandler, type ServeOptions, serveRpc } from '@nook/wire';
import { type AccessRules, accessOf, refusedPeer } from './system/peer-access.ts';
import { peerOf } from './system/peer-credentials.ts';

/** How long a peer that is not served may take to read why. */
const REFUSED_MS = 2000;

export interface ConnectionsParts extends ServeOptions {
  /** @returns what serves the calls of a peer that may do so much */
  readonly handler: (access: Access) => RpcHandler;
  readonly rules: () => AccessRules;
}

/** The open connections of a daemon. */
export class Connections {
  readonly #open = new Set<RpcConnection>();
  readonly #parts: ConnectionsParts;
  #accepted = 0;
  #refused = 0;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Since the start. */
  get totals(): { readonly accepted: number; readonly refused: number } {
    return { accepted: this.#accepted, refused: this.#refused };
  }

  accept(socket: Socket): void {
    const peer = peerOf(socket);
    const access = accessOf(peer, this.#parts.rules());
    if (access === undefined) {
      this.#refuse(socket, refusedPeer(peer));
      return;
    }
    this.#accepted++;
    this.#serve(socket, this.#parts.handler(access));
  }

  /** Lets calls in flight end, cancels what is left after the deadline, and closes. */
  async drain(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#open].map((connection) => connection.drain(deadlineMs)));
  }

  #refuse(socket: Socket, error: Error): void {
    this.#refused++;
    const connection = this.#serve(socket, () => {
      throw error;
    });
    setTimeout(() => connection.close(), REFUSED_MS).unref();
  }

  #serve(socket: Socket, handler: RpcHandler): RpcConnection {
    const connection = serveRpc(socket, handler, this.#parts);
    this.#open.add(connection);
    void connection.closed.then(() => this.#open.delete(connection));
    return connection;
  }
}
