import type { Socket } from 'node:net';
import { connectUnix } from '../../packages/wire/src/index.ts';

/** A connection whose end is nobody's fault. */
export async function openSocket(path: string): Promise<Socket> {
  const socket = await connectUnix(path);
  socket.on('error', () => {});
  return socket;
}

/** Writes what `next` gives as fast as the peer takes it, until the connection ends. */
export async function flood(socket: Socket, next: () => string | Buffer): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve());
  while (!socket.destroyed) {
    const room = socket.write(next());
    const { promise: drained, resolve: go } = Promise.withResolvers<void>();
    if (room) setImmediate(go);
    else socket.once('drain', go);
    await Promise.race([drained, closed]);
  }
}
