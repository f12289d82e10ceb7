import type { NetworkSpec, PublishedPort } from './contract.ts';
import { pickFree } from './free-port.ts';
import { LOOPBACK } from './publish.ts';

/** `PORT` or `PORT/PROTOCOL`, as images write them. */
const EXPOSED = /^(?<port>\d{1,5})(?:\/(?<protocol>tcp|udp))?$/;

/** See `NetworkCapability.choosePorts`. */
export async function choosePorts(
  { publish, ...spec }: NetworkSpec,
  exposed: readonly string[] = [],
): Promise<NetworkSpec> {
  const more = exposed.flatMap(exposedPort).filter((port) => !publish.some((each) => leadsTo(each, port)));
  const chosen: PublishedPort[] = [];
  for (const port of [...publish, ...more]) {
    chosen.push(port.host_port === 0 ? { ...port, host_port: await pickFree(port, chosen) } : port);
  }
  return { ...spec, publish: chosen };
}

function exposedPort(text: string): PublishedPort[] {
  const { port, protocol } = EXPOSED.exec(text)?.groups ?? {};
  const guest_port = Number(port);
  if (!(guest_port >= 1 && guest_port <= 65_535)) return [];
  return [{ protocol: protocol === 'udp' ? 'udp' : 'tcp', host_address: LOOPBACK, host_port: 0, guest_port }];
}

function leadsTo({ protocol, guest_port }: PublishedPort, other: PublishedPort): boolean {
  return protocol === other.protocol && guest_port === other.guest_port;
}
