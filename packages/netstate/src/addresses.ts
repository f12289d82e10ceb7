import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Family = 4 | 6;

export interface Cidr {
  readonly family: Family;
  /** Canonical, with all bits behind the prefix zero. */
  readonly network: string;
  readonly length: number;
}

/** The canonical form of an address; undefined for what is none, names a zone, or hides an IPv4 address in an IPv6 one. */
export function canonicalAddress(text: string): string | undefined {
  const family = isIP(text);
  if (family === 0 || text.includes('%')) return undefined;
  if (family === 4) return text;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? undefined : address.toRFC5952String();
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4;
}

/** `ADDRESS/LENGTH`, or an address alone, as the range that it stands for; undefined when it is neither. */
export function parseCidr(text: string): Cidr | undefined {
  const [base = '', digits, ...more] = text.split('/');
  const address = canonicalAddress(base);
  if (address === undefined || more.length > 0) return undefined;
  const family = familyOf(address);
  const bits = family === 4 ? 32 : 128;
  if (digits !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  const length = digits === undefined ? bits : Number(digits);
  if (length > bits) return undefined;
  const network =
    family === 4
      ? ipaddr.IPv4.networkAddressFromCIDR(`${address}/${length}`).toString()
      : ipaddr.IPv6.networkAddressFromCIDR(`${address}/${length}`).toRFC5952String();
  return { family, network, length };
}

/** `ADDRESS/LENGTH` in one form only, with all bits behind the prefix zero; undefined for what is no range. */
export function canonicalRange(text: string): string | undefined {
  const range = parseCidr(text);
  return range && `${range.network}/${range.length}`;
}

/** @param text a range that was checked */
export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new TypeError(`'${text}' is no range of addresses`);
  return parsed;
}

/** Whether `inner` lies wholly within `outer`. */
export function within(inner: Cidr, outer: Cidr): boolean {
  if (inner.family !== outer.family || inner.length < outer.length) return false;
  return parseCidr(`${inner.network}/${outer.length}`)?.network === outer.network;
}

/** Whether `inner`, an address or a range, lies wholly within `outer`. Both were checked. */
export function contains(outer: string, inner: string): boolean {
  return within(cidr(inner), cidr(outer));
}

export function overlap(one: Cidr, other: Cidr): boolean {
  return within(one, other) || within(other, one);
}

/** Leaves out what lies within another: two ranges are nested or apart, and the kernel takes only those apart. */
export function outermost(ranges: readonly Cidr[]): Cidr[] {
  const kept: Cidr[] = [];
  for (const range of [...ranges].sort((one, other) => one.length - other.length)) {
    if (!kept.some((outer) => within(range, outer))) kept.push(range);
  }
  return kept;
}
