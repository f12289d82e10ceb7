import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { NookError } from '@nook/daemonapi';
import type { PublishedPort } from './contract.ts';

/**
 * Binds the port for a moment, so that a collision is told as one and not as an exit of QEMU.
 * @throws NookError `conflict`
 */
export async function requireFree(port: PublishedPort): Promise<void> {
  try {
    await (port.protocol === 'udp' ? tryUdp(port) : tryTcp(port));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    const where = `${port.host_address}:${port.host_port}/${port.protocol}`;
    throw new NookError('conflict', `The host's ${where} cannot be published: ${explain(code)}.`, {
      hint: 'Choose another host port with --publish.',
      cause,
    });
  }
}

function explain(code: string): string {
  if (code === 'EADDRINUSE') return 'it is in use already';
  if (code === 'EACCES') return 'ports below 1024 are for root only';
  if (code === 'EADDRNOTAVAIL') return 'the host has no such address';
  return code;
}

/**
 * A port of the host that was free a moment ago.
 * @param not it is none of these
 * @throws NookError `conflict` when the host has no such address
 */
export async function pickFree(port: PublishedPort, not: readonly PublishedPort[] = []): Promise<number> {
  await requireFree({ ...port, host_port: 0 });
  for (;;) {
    const picked = await (port.protocol === 'udp' ? tryUdp : tryTcp)({ ...port, host_port: 0 });
    if (!not.some(({ host_port }) => host_port === picked)) return picked;
  }
}

async function tryTcp({ host_address: host, host_port: port }: PublishedPort): Promise<number> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return bound;
}

async function tryUdp({ host_address: address, host_port: port }: PublishedPort): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind({ address, port, exclusive: true });
  await once(socket, 'listening');
  const { port: bound } = socket.address();
  socket.close();
  await once(socket, 'close');
  return bound;
}
