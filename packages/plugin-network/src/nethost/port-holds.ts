import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { NookError } from '@nook/daemonapi';
import type { PublishedPort } from '../contract.ts';

interface Hold {
  close(): unknown;
}

/**
 * Ports that rules lead to guests, held by sockets that nothing ever reaches: so that no program, and no other VM, takes a port
 * of which it would never hear.
 */
export class PortHolds {
  readonly #holds = new Map<string, Hold>();

  /** These, and no others. @throws NookError `conflict` when one is taken */
  async hold(ports: readonly PublishedPort[]): Promise<void> {
    const wanted = new Map(ports.map((port) => [keyOf(port), port]));
    for (const [key, hold] of this.#holds) {
      if (wanted.has(key)) continue;
      hold.close();
      this.#holds.delete(key);
    }
    for (const [key, port] of wanted) {
      if (this.#holds.has(key)) continue;
      const hold = await bind(port).catch((error: NodeJS.ErrnoException) => refuse(key, error));
      if (hold) this.#holds.set(key, hold);
    }
  }
}

function refuse(key: string, cause: NodeJS.ErrnoException): undefined {
  // Below 1024 the helper publishes, where it may, what an ordinary user cannot hold.
  if (cause.code === 'EACCES') return undefined;
  throw new NookError('conflict', `The host's ${key} cannot be published: ${cause.code}.`, {
    hint: 'Choose another host port; 0 picks one that is free.',
    cause,
  });
}

async function bind({ protocol, host_address, host_port }: PublishedPort): Promise<Hold> {
  const socket = protocol === 'udp' ? createSocket('udp4') : createServer((client) => client.destroy());
  if ('listen' in socket) socket.listen({ host: host_address, port: host_port, exclusive: true });
  else socket.bind({ address: host_address, port: host_port, exclusive: true });
  await once(socket, 'listening');
  return socket.unref();
}

function keyOf({ host_address, host_port, protocol }: PublishedPort): string {
  return `${host_address}:${host_port}/${protocol}`;
}
