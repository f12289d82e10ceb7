import { readFileSync } from 'node:fs';
import type { Subnet } from './cidr.ts';

/**
 * What the host itself reaches by IPv4, but for the default route: `/proc/net/route`, whose columns are documented in
 * proc(5); addresses in it are hex of the host's byte order, which on x86-64 is the reverse of the network's.
 */
export function hostRoutes(table: string = readFileSync('/proc/net/route', 'utf8')): Subnet[] {
  return table
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '')
    .map((line) => line.split('\t'))
    .map(([, destination = '', , , , , , mask = '']) => ({ base: reversed(destination), prefix: bits(mask) }))
    .filter(({ prefix }) => prefix > 0);
}

function reversed(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE();
}

function bits(mask: string): number {
  return [...Number.parseInt(mask, 16).toString(2)].filter((digit) => digit === '1').length;
}
