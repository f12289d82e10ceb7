import type { Socket } from 'node:net';
import type { Access } from '@nook/daemonapi';
import { type RpcConnection, type RpcHandler, type ServeOptions, serveRpc, TurnGroup, turns } from '@nook/wire';
import { peerOf } from '@nook/wire/peer-credentials';
import { type AccessRules, accessOf, refusedPeer } from './system/peer-access.ts';

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
  /** By process: many connections of one are one caller. */
  readonly #callers = new Map<number, { readonly group: TurnGroup; connections: number }>();
  #draining = false;
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

  /** Takes a new connection, which is served in turn with what else its process wants of this one. */
  accept(socket: Socket): void {
    // Whoever serves it learns of its end; until then an error has nobody to tell.
    socket.on('error', () => {});
    const peer = peerOf(socket);
    const group = this.#groupOf(peer?.pid, socket);
    turns.join(group, () => {
      if (socket.destroyed) return false;
      const access = accessOf(peer, this.#parts.rules());
      if (access === undefined) this.#refuse(socket, refusedPeer(peer), group);
      else {
        this.#accepted++;
        this.#serve(socket, this.#parts.handler(access), group);
      }
      return false;
    });
  }

  /** Lets calls in flight end, cancels what is left after the deadline, and closes. */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true;
    await Promise.all([...this.#open].map((connection) => connection.drain(deadlineMs)));
  }

  #refuse(socket: Socket, error: Error, group: TurnGroup): void {
    this.#refused++;
    const refuse = () => {
      throw error;
    };
    const connection = this.#serve(socket, refuse, group);
    setTimeout(() => connection.close(), REFUSED_MS).unref();
  }

  #groupOf(pid: number | undefined, socket: Socket): TurnGroup {
    if (pid === undefined) return new TurnGroup();
    const caller = this.#callers.get(pid) ?? { group: new TurnGroup(), connections: 0 };
    this.#callers.set(pid, caller);
    caller.connections++;
    socket.once('close', () => {
      if (--caller.connections === 0) this.#callers.delete(pid);
    });
    return caller.group;
  }

  #serve(socket: Socket, handler: RpcHandler, group: TurnGroup): RpcConnection {
    const connection = serveRpc(socket, handler, { ...this.#parts, group });
    this.#open.add(connection);
    void connection.closed.then(() => this.#open.delete(connection));
    // It had come before the socket was closed, and its turn after.
    if (this.#draining) void connection.drain(0);
    return connection;
  }
}
