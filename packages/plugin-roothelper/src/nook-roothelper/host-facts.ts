import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type Cidr, parseCidr } from '@nook/netstate/addresses';
import { runProgram } from '@nook/netstate/run-program';

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
  const [links, routes4, routes6, ...resolvers] = await Promise.all([
    ask<IpLink>(['-j', 'address', 'show']),
    ask<IpRoute>(['-j', '-4', 'route', 'show', 'table', 'all']),
    ask<IpRoute>(['-j', '-6', 'route', 'show', 'table', 'all']),
    ...RESOLVERS.map((path) => readFile(path, 'utf8').catch(() => '')),
  ]);
  const addresses = links
    .filter(({ ifname }) => !own.has(ifname))
    .flatMap(({ addr_info }) => addr_info.map(({ local = '', prefixlen }) => ({ local, prefixlen })));
  const routes = [...routes4, ...routes6].filter(({ dev, dst }) => !own.has(dev ?? '') && dst !== 'default');
  const ranges = [...addresses.map(({ local, prefixlen }) => `${local}/${prefixlen}`), ...routes.map(({ dst }) => dst)];
  return {
    addresses: addresses.map(({ local }) => local),
    networks: ranges.flatMap((each) => parseCidr(each) ?? []).filter(isNarrow),
    nameservers: resolvers
      .flatMap((text) => [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, each = '']) => each))
      .filter((each) => isIP(each) !== 0 && !each.includes('%')),
  };
}

interface IpLink {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

interface IpRoute {
  readonly dst: string;
  readonly dev?: string;
}

async function ask<T>(args: readonly string[]): Promise<T[]> {
  const text = (await runProgram('ip', args)).trim();
  return text === '' ? [] : (JSON.parse(text) as T[]);
}

/** Multicast, halves of the default route, and what blackholes are made of, are nobody's network. */
function isNarrow({ length }: Cidr): boolean {
  return length >= 8;
}
