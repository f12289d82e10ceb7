import { isIPv4, isIPv6 } from 'node:net';

/** An IPv4 network; addresses are numbers, so that they compare and count. */
export interface Subnet {
  /** The network's own address. */
  readonly base: number;
  readonly prefix: number;
}

/** Undefined unless it is `A.B.C.D/PREFIX` with no bit of a host set. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = '', digits = '', ...more] = text.split('/');
  const prefix = Number(digits);
  if (more.length > 0 || !isIPv4(address) || !/^\d{1,2}$/.test(digits) || prefix > 32) return undefined;
  const base = addressNumber(address);
  return (base & ~mask(prefix)) === 0 ? { base, prefix } : undefined;
}

export function formatSubnet({ base, prefix }: Subnet): string {
  return `${formatAddress(base)}/${prefix}`;
}

/** @param address a valid IPv4 address */
export function addressNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  const shorter = mask(Math.min(one.prefix, other.prefix));
  return (one.base & shorter) === (other.base & shorter);
}

export function contains(outer: Subnet, inner: Subnet): boolean {
  return outer.prefix <= inner.prefix && overlaps(outer, inner);
}

/** How many addresses it has, its own and the broadcast one among them. */
export function sizeOf({ prefix }: Subnet): number {
  return 2 ** (32 - prefix);
}

function mask(prefix: number): number {
  return prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) | 0;
}

/** The first 64 bits of an IPv6 network, as four groups of hex digits; undefined unless it is `PREFIX::/64`. */
export function parseSubnet6(text: string): string | undefined {
  const [address = '', prefix, ...more] = text.split('/');
  if (more.length > 0 || prefix !== '64' || !isIPv6(address) || address.includes('%')) return undefined;
  const groups = groupsOf(address);
  return groups.slice(4).every((group) => group === 0) ? formatSubnet6(groups) : undefined;
}

/** @param groups of which the first four count */
export function formatSubnet6(groups: readonly number[]): string {
  return `${shorten(groups.slice(0, 4))}::/64`;
}

/** The address of a host in an IPv6 network, without the prefix length. */
export function address6In(subnet6: string, host: number): string {
  return `${subnet6.slice(0, subnet6.indexOf('::'))}::${host.toString(16)}`;
}

function shorten(groups: readonly number[]): string {
  const last = groups.findLastIndex((group) => group !== 0);
  return groups
    .slice(0, last + 1)
    .map((group) => group.toString(16))
    .join(':');
}

/** @param address a valid IPv6 address */
function groupsOf(address: string): number[] {
  // The parser of URLs writes every address in one way.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const parse = (text: string | undefined) => (text ? text.split(':').map((group) => Number.parseInt(group, 16)) : []);
  const [first, last] = [parse(head), parse(tail)];
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}
