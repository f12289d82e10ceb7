import { cidr, within } from './addresses.ts';

/**
 * What guests do not reach unless it is opened for them, whatever their egress policy: loopback, private use (RFC 1918),
 * shared address space (RFC 6598), link-local, and unique local addresses (RFC 4193). Nothing else.
 */
export const CLOSED_RANGES: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
];

/** The closed range that an address, or a range as a whole, lies in; undefined: none. @param text a range that was checked */
export function closedRangeOf(text: string): string | undefined {
  return CLOSED_RANGES.find((closed) => within(cidr(text), cidr(closed)));
}
