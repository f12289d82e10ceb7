import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { observeRanges } from '@nook/netstate';
import { type Cidr, parseCidr } from '@nook/netstate/addresses';

/** What the host has of its own, and must not lose to a network of ours. */
export interface HostFacts {
  /** Of its links. */
  readonly addresses: readonly string[];
  /** That its links are in or its routes lead to; not the default route. */
  readonly networks: readonly Cidr[];
  readonly nameservers: readonly string[];
}

const RESOLVERS = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];

/** @param own names of bridges that are ours already */
export async function hostFacts(own: ReadonlySet<string>): Promise<HostFacts> {
  const resolvers = await Promise.all(RESOLVERS.map((path) => readFile(path, 'utf8').catch(() => '')));
  const ranges = observeRanges().filter(({ link }) => link === undefined || !own.has(link));
  return {
    addresses: ranges.filter((each) => each.own).map(({ range }) => range.split('/')[0] as string),
    networks: ranges.flatMap(({ range }) => parseCidr(range) ?? []).filter(isNarrow),
    nameservers: resolvers
      .flatMap((text) => [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, each = '']) => each))
      .filter((each) => isIP(each) !== 0 && !each.includes('%')),
  };
}

/** Multicast, halves of the default route, and what blackholes are made of, are nobody's network. */
function isNarrow({ length }: Cidr): boolean {
  return length >= 8;
}
