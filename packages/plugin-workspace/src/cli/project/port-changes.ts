import type { Change } from './machine-plan.ts';

export interface PublishedPort {
  readonly protocol: string;
  readonly host_address: string;
  readonly host_port: number;
  readonly guest_port: number;
}

const PORT = /^(?:(?<address>\S+):)?(?<host>\d+):(?<guest>\d+)(?:\/(?<protocol>tcp|udp))?$/;

/** Which ports are to be published, and which no longer. For port 0 any that leads to the same place will do. */
export function portChanges(wanted: readonly string[], published: readonly PublishedPort[]): Change[] {
  const left = new Set(published);
  const missing = wanted.filter((text) => {
    const found = [...left].find((port) => isSame(text, port));
    if (found) left.delete(found);
    return !found;
  });
  return [
    ...[...left].map((port): Change => ({ kind: 'unpublish', what: formatPort(port), effect: 'live' })),
    ...missing.map((what): Change => ({ kind: 'publish', what, effect: 'live' })),
  ];
}

function isSame(text: string, port: PublishedPort): boolean {
  const groups = PORT.exec(text)?.groups;
  if (!groups) return false;
  const address = (groups.address ?? '127.0.0.1').replace(/^\[|\]$/g, '');
  return (
    address === port.host_address &&
    (groups.protocol ?? 'tcp') === port.protocol &&
    Number(groups.guest) === port.guest_port &&
    (Number(groups.host) === 0 || Number(groups.host) === port.host_port)
  );
}

function formatPort({ protocol, host_address, host_port, guest_port }: PublishedPort): string {
  const address = host_address.includes(':') ? `[${host_address}]` : host_address;
  return `${address}:${host_port}:${guest_port}${protocol === 'udp' ? '/udp' : ''}`;
}
