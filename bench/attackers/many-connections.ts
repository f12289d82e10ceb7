import type { Attack } from './main.ts';
import { openSocket } from './open-socket.ts';

const CONNECTIONS = 1000;
/** After so many calls a connection is given up for a new one. */
const CALLS = 20;
const PING = '{"version":1,"id":1,"method":"ping"}\n';

/** 1,000 connections that all ask, and come and go. */
export async function manyConnections(path: string): Promise<Attack> {
  let calls = 0;
  const one = async (onOpen: () => void): Promise<void> => {
    const socket = await openSocket(path);
    onOpen();
    let left = CALLS;
    socket.on('data', () => {
      calls++;
      if (--left > 0) socket.write(PING);
      else socket.destroy();
    });
    socket.once('close', () => void one(() => {}));
    socket.write(PING);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, () => new Promise<void>((resolve) => void one(resolve))));
  return { unit: 'calls', count: () => calls };
}
