import type { Socket } from 'node:net';

const INTERVAL_MS = 1000;
const NOTHING = Buffer.alloc(0);

/**
 * Finds out that a peer is gone while its socket is not read, or was read to its end. The kernel reports that only to
 * readers; to others it shows on a write, and one of no bytes sends nothing. A lost peer then ends the socket with
 * EPIPE, as any failed write does.
 * @returns the call that ends the watch
 */
export function watchPeer(socket: Socket): () => void {
  const probe = () => {
    if (socket.writable && socket.writableLength === 0) socket.write(NOTHING);
  };
  probe();
  const timer = setInterval(probe, INTERVAL_MS);
  timer.unref();
  const stop = () => clearInterval(timer);
  socket.once('close', stop);
  return () => {
    stop();
    socket.off('close', stop);
  };
}
