import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { NookError } from '@nook/daemonapi';
import type { DesiredState } from '@nook/netstate';

/**
 * Binds the port for a moment: one that a program of the host listens on is not taken from it.
 * @throws NookError `conflict`
 */
export async function requireFree({
  protocol,
  host_address: host,
  host_port: port,
}: DesiredState['forwards'][number]): Promise<void> {
  const ipv6Only = host.includes(':');
  const socket = protocol === 'tcp' ? createServer() : createSocket({ type: ipv6Only ? 'udp6' : 'udp4', ipv6Only });
  try {
    if ('listen' in socket) socket.listen({ host, port, ipv6Only, exclusive: true });
    else socket.bind({ address: host, port, exclusive: true });
    await once(socket, 'listening');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new NookError('conflict', `${host}:${port}/${protocol} of the host cannot be published: ${code}.`, { cause });
  }
  socket.close();
  await once(socket, 'close');
}
