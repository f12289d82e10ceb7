import { once } from 'node:events';
import type { Attack } from './main.ts';
import { openSocket } from './open-socket.ts';

const CONNECTIONS = 1000;
/** After so many calls a connection is given up for a new one. */
const CALLS = 20;
const PING = '{"version":1,"id":1,"method":"ping"}\n';

/** 1,000 connections that all ask, and come and go. */
export async function manyConnections(path: string): Promise<Attack> {
  let calls = 0;
  const one = async (first: () => void): Promise<void> => {
    for (;;) {
      const socket = await openSocket(path);
      first();
      for (let n = 0; n < CALLS && !socket.destroyed; n++) {
        socket.write(PING);
        await Promise.race([once(socket, 'data'), once(socket, 'close')]);
        calls++;
      }
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, () => new Promise<void>((resolve) => void one(resolve))));
  return { unit: 'calls', count: () => calls };
}
