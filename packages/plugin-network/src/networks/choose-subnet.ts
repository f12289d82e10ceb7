import { randomBytes } from 'node:crypto';
import { NookError } from '@nook/daemonapi';
import { contains, formatSubnet, formatSubnet6, overlaps, parseSubnet, parseSubnet6, type Subnet } from './cidr.ts';

/** Networks of our choice are the 256 of 10.77.0.0/16, then those of 10.78.0.0/16, and so on. */
const FIRST = 0x0a4d_0000;
const CHOICES = 65_536 - 0x4d00;
/** Private and shared addresses: RFC 1918, RFC 6598. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map(known);
/** What a network's way out has on its inner side. */
export const UPLINK = known('10.0.2.0/24');

/** @throws NookError `unavailable` when the host has routes to all there is */
export function chooseSubnet(taken: readonly Subnet[]): string {
  for (let index = 0; index < CHOICES; index++) {
    const subnet = { base: FIRST + index * 256, prefix: 24 };
    if (!taken.some((other) => overlaps(subnet, other))) return formatSubnet(subnet);
  }
  throw new NookError('unavailable', 'No private subnet is free on this host.', {
    hint: 'Give one: nook net create NAME --subnet 192.168.77.0/24',
  });
}

/** @throws NookError `bad_params` when it makes no sense, `conflict` when it is in use */
export function checkSubnet(text: string, taken: readonly (Subnet & { readonly by: string })[]): string {
  const subnet = parseSubnet(text);
  const fits = subnet && subnet.prefix >= 16 && subnet.prefix <= 29;
  if (!fits || !PRIVATE.some((range) => contains(range, subnet))) {
    throw new NookError('bad_params', `'${text}' is not a private IPv4 subnet of 8 to 65536 addresses.`, {
      hint: 'Write it like 10.77.1.0/24, with no bit of a host set.',
    });
  }
  const other = taken.find((each) => overlaps(subnet, each));
  if (!other) return formatSubnet(subnet);
  throw new NookError('conflict', `Subnet ${text} overlaps ${formatSubnet(other)} of ${other.by}.`, {
    hint: 'Leave --subnet out, and a free one is chosen.',
  });
}

/** A unique local one, with the 40 random bits that RFC 4193 asks for. */
export function chooseSubnet6(): string {
  const bytes = randomBytes(6);
  bytes[0] = 0xfd;
  return formatSubnet6([bytes.readUInt16BE(0), bytes.readUInt16BE(2), bytes.readUInt16BE(4), 0]);
}

/** @throws NookError `bad_params` */
export function checkSubnet6(text: string): string {
  const subnet6 = parseSubnet6(text);
  if (subnet6 !== undefined && /^f[cd]/.test(subnet6)) return subnet6;
  throw new NookError('bad_params', `'${text}' is not a unique local IPv6 subnet of prefix length 64.`, {
    hint: 'Write it like fd12:3456:789a::/64.',
  });
}

function known(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (!subnet) throw new Error(`${text} is no subnet`);
  return subnet;
}
