import { readFileSync } from 'node:fs';

/** The first name server of resolv.conf(5) that is asked by IPv4; undefined where there is none. */
export function nameServerOf(
  path = '/etc/resolv.conf',
): { readonly address: string; readonly port: number } | undefined {
  const address = /^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/m.exec(readFileSync(path, 'utf8'))?.[1];
  return address === undefined ? undefined : { address, port: 53 };
}
