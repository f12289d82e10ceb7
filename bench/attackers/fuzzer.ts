import type { Attack } from './main.ts';
import { flood, openSocket } from './open-socket.ts';

const CONNECTIONS = 8;
const LINES_AT_ONCE = 50;

/** Lines of every kind, as fast as they are taken: noise, JSON of any shape, requests with params of any shape. */
export async function fuzzer(path: string): Promise<Attack> {
  let lines = 0;
  const again = async (): Promise<void> => {
    for (;;) {
      const socket = await openSocket(path);
      socket.resume();
      await flood(socket, () => {
        lines += LINES_AT_ONCE;
        return Buffer.concat(Array.from({ length: LINES_AT_ONCE }, line));
      });
    }
  };
  for (let n = 0; n < CONNECTIONS; n++) void again();
  return { unit: 'lines', count: () => lines };
}

const METHODS = ['ping', 'vm.list', 'vm.show', 'op.list', 'event.list', 'image.show', 'plugin.show', 'no.such', ''];

function line(): Buffer {
  const kind = Math.random();
  // With an id a connection outlives what it says wrong.
  if (kind < 0.1) return Buffer.from(`{"version":1,"id":${number()},"method":${'['.repeat(number())}\n`);
  if (kind < 0.2) return Buffer.from(`${JSON.stringify({ id: number(), [word()]: value(3) })}\n`);
  if (kind < 0.3) return Buffer.from(`{"jsonrpc":"2.0","id":${number()},"method":"${word()}","params":[1]}\n`);
  if (kind < 0.301) return Buffer.concat([crypto.getRandomValues(Buffer.alloc(200)), Buffer.from('\n')]);
  const method = METHODS[number() % METHODS.length];
  const params = { name: word(), limit: number(), [word()]: value(2) };
  return Buffer.from(`${JSON.stringify({ version: 1, id: number(), method, params })}\n`);
}

const number = () => Math.floor(Math.random() * 1000);
const word = () =>
  Math.random()
    .toString(36)
    .slice(2, 3 + (number() % 10));

function value(depth: number): unknown {
  const kind = number() % 6;
  if (depth === 0 || kind < 2) return number();
  if (kind < 3) return word();
  if (kind < 4) return null;
  if (kind < 5) return Array.from({ length: number() % 5 }, () => value(depth - 1));
  return Object.fromEntries(Array.from({ length: number() % 5 }, () => [word(), value(depth - 1)]));
}
