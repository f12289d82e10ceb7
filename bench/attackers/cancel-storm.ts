import type { Attack } from './main.ts';
import { flood, openSocket } from './open-socket.ts';

const CONNECTIONS = 4;
const CALLS_AT_ONCE = 50;

/** Begins calls that last, and cancels each of them three times at once. */
export async function cancelStorm(path: string): Promise<Attack> {
  let calls = 0;
  for (let n = 0; n < CONNECTIONS; n++) {
    const socket = await openSocket(path);
    socket.resume();
    void flood(socket, () => {
      let text = '';
      for (let call = 0; call < CALLS_AT_ONCE; call++) {
        const id = calls++;
        text += `{"version":1,"id":${id},"method":"event.subscribe"}\n${`{"version":1,"cancel":${id}}\n`.repeat(3)}`;
      }
      return text;
    });
  }
  return { unit: 'calls begun', count: () => calls };
}
