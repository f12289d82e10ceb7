import { isIP } from 'node:net';
import { NookError } from '@nook/daemonapi';
import type { PublishedPort } from './contract.ts';

/** Where ports are published unless an address is given. */
export const LOOPBACK = '127.0.0.1';
const FORM = '[ADDRESS:]HOST_PORT:GUEST_PORT[/tcp|udp]';
const PATTERN = /^(?:(?<address>\d+\.\d+\.\d+\.\d+):)?(?<host>\d{1,5}):(?<guest>\d{1,5})(?:\/(?<protocol>tcp|udp))?$/;

/** @throws NookError `bad_params` when one cannot be read, or two are the same */
export function checkPublish(texts: readonly string[]): PublishedPort[] {
  const seen = new Set<string>();
  return texts.map((text) => {
    const published = parsePublish(text);
    const { protocol, host_address, host_port } = published;
    if (host_port === 0) return published;
    const key = `${host_address}:${host_port}/${protocol}`;
    if (seen.has(key)) throw new NookError('bad_params', `${key} is published twice.`);
    seen.add(key);
    return published;
  });
}

/** Port 0 of the host: one that is free is to be picked. @throws NookError `bad_params` */
export function parsePublish(text: string): PublishedPort {
  const groups = PATTERN.exec(text)?.groups;
  if (!groups) {
    throw new NookError('bad_params', `'${text}' is not a published port.`, { hint: `Write it as ${FORM}.` });
  }
  const address = groups.address ?? LOOPBACK;
  if (isIP(address) !== 4) {
    throw new NookError('bad_params', `'${address}' in '${text}' is not an IPv4 address.`, {
      hint: `Write it as ${FORM}.`,
    });
  }
  return {
    protocol: groups.protocol === 'udp' ? 'udp' : 'tcp',
    host_address: address,
    host_port: groups.host === '0' ? 0 : port(groups.host, text),
    guest_port: port(groups.guest, text),
  };
}

function port(digits: string | undefined, text: string): number {
  const value = Number(digits);
  if (value >= 1 && value <= 65_535) return value;
  throw new NookError('bad_params', `Port ${digits} in '${text}' is not between 1 and 65535.`, {
    hint: `Write it as ${FORM}.`,
  });
}
