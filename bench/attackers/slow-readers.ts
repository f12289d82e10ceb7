import type { Attack } from './main.ts';
import { flood, openSocket } from './open-socket.ts';

const CONNECTIONS = 100;
const AT_ONCE = 50;
const LINE = '{"version":1,"id":1,"method":"rpc.discover"}\n'.repeat(AT_ONCE);

/** Asks for long answers, over and over, and reads none of them. */
export async function slowReaders(path: string): Promise<Attack> {
  let asked = 0;
  for (let n = 0; n < CONNECTIONS; n++) {
    const socket = await openSocket(path);
    void flood(socket.pause(), () => {
      asked += AT_ONCE;
      return LINE;
    });
  }
  return { unit: 'answers asked for', ends: true, count: () => asked };
}
