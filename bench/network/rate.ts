import { once } from 'node:events';
import { connect } from 'node:net';

const LISTEN_MS = 20_000;

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
