import { chownSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { MachineUser } from '@nook/daemonapi';
import { listenUnix, type UnixServer } from '@nook/wire';

/** A socket that listens for the one connection that QEMU makes when it starts. */
export class OneConnection {
  readonly socket: Promise<Socket>;
  readonly #server: UnixServer;

  static async listen(path: string, owner: MachineUser | undefined): Promise<OneConnection> {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const server = await listenUnix(path, resolve);
    if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
    return new OneConnection(server, promise);
  }

  private constructor(server: UnixServer, socket: Promise<Socket>) {
    this.#server = server;
    this.socket = socket;
  }

  /** Listens no more and removes the socket's name; the connection made stays. */
  close(): Promise<void> {
    return this.#server.close();
  }
}
