import type { Socket } from 'node:net';
import { connectUnix } from '../../packages/wire/src/index.ts';

/** A connection whose end is nobody's fault. */
export async function openSocket(path: string): Promise<Socket> {
  const socket = await connectUnix(path, { timeoutMs: 60_000 });
  socket.on('error', () => {});
  return socket;
}

/** Writes what `next` gives as fast as the peer takes it. Settles when the connection has ended. */
export function flood(socket: Socket, next: () => string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    const write = () => {
      if (socket.destroyed) return;
      if (socket.write(next())) setImmediate(write);
    };
    socket.on('drain', write);
    socket.once('close', () => resolve());
    write();
  });
}
