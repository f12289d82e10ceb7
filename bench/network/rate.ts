import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';

const LISTEN_MS = 20_000;

/** A server that takes all that it is sent. */
export async function sink(address: string): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  server.listen(0, address);
  await once(server, 'listening');
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}

/** Reads all that a port gives, at least so much. @returns MB/s, from the connection to its end */
export async function readRate(port: number, bytes: number): Promise<number> {
  for (const deadline = performance.now() + LISTEN_MS; ; ) {
    const began = performance.now();
    const read = await readAll(port);
    if (read >= bytes) return read / 1e3 / (performance.now() - began);
    // The guest's server was between two connections.
    if (read > 0 || performance.now() > deadline) throw new Error(`port ${port} gave ${read} bytes, not ${bytes}`);
  }
}

async function readAll(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  let read = 0;
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  await once(socket, 'close');
  return read;
}
