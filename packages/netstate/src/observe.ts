import { isNookError } from '@nook/daemonapi';
import { type ListedTables, readTables } from './mark.ts';
import { ALIAS, isOwnName } from './names.ts';
import { type Link, type LinkAddress, readAddresses, readLinks } from './netlink/links.ts';
import { RouteSocket } from './netlink/route-socket.ts';
import type { NftCommand } from './nft/expressions.ts';
import { type PinnedSet, readPins } from './nft/pins.ts';
import { OWN_TABLES } from './nft/ruleset.ts';
import { runNft } from './nft/run-nft.ts';
import { readSysctls } from './sysctls.ts';

export interface ObservedLink {
  readonly name: string;
  /** Ours by name, kind and alias; the others only stand in the way of a link of that name. */
  readonly kind: 'bridge' | 'tap' | 'foreign';
  readonly up: boolean;
  readonly mtu: number;
  readonly mac: string;
  readonly master: string | undefined;
  readonly isolated: boolean;
  /** As noted in the alias when the tap was made: the kernel tells it by name only. */
  readonly owner_uid: number | undefined;
  /** `ADDRESS/LENGTH`, without the link-local ones that the kernel gives. */
  readonly addresses: readonly string[];
}

/** What there is of ours in this process's network namespace. */
export interface Observed {
  readonly links: readonly ObservedLink[];
  readonly tables: ListedTables;
  readonly pins: readonly PinnedSet[];
  /** Those of the kernel that a state of ours may need, by name. */
  readonly sysctls: Readonly<Record<string, string>>;
}

/** @throws NookError `unavailable`, `timeout`, `operation_failed` */
export async function observe(): Promise<Observed> {
  const tables = await listTables();
  const links = observeLinks();
  const bridges = links.filter(({ kind }) => kind === 'bridge').map(({ name }) => name);
  return { links, tables: readTables(tables), pins: readPins(tables), sysctls: readSysctls(bridges) };
}

/** @returns the objects of both of our tables, as nft lists them; none of a table that is not there */
export async function listTables(): Promise<NftCommand[]> {
  return (await Promise.all(OWN_TABLES.map(listTable))).flat();
}

async function listTable({ family, name }: (typeof OWN_TABLES)[number]): Promise<NftCommand[]> {
  try {
    const text = await runNft([{ list: { table: { family, name } } }]);
    return (JSON.parse(text) as { nftables: NftCommand[] }).nftables;
  } catch (error) {
    if (isNookError(error) && error.message.includes('No such file or directory')) return [];
    throw error;
  }
}

function observeLinks(): ObservedLink[] {
  using socket = new RouteSocket();
  const links = readLinks(socket);
  const addresses = readAddresses(socket);
  const names = new Map(links.map(({ index, name }) => [index, name]));
  return links.filter(({ name }) => isOwnName(name)).map((link) => readLink(link, { names, addresses }));
}

const ALIASED = new RegExp(`^${ALIAS}(?: (\\d{1,10}))?$`);

interface Surroundings {
  /** Of links, by index. */
  readonly names: ReadonlyMap<number, string>;
  readonly addresses: readonly LinkAddress[];
}

function readLink(
  { index, name, kind, tap, alias, master, up, mtu, mac, isolated }: Link,
  { names, addresses }: Surroundings,
): ObservedLink {
  const aliased = alias === undefined ? undefined : ALIASED.exec(alias);
  const own = kind === 'bridge' ? 'bridge' : kind === 'tun' && tap ? 'tap' : 'foreign';
  return {
    ...{ name, up, mtu, mac, isolated },
    // Without an alias it is one whose making was cut short.
    kind: aliased === null ? 'foreign' : own,
    master: master === undefined ? undefined : names.get(master),
    owner_uid: aliased?.[1] === undefined ? undefined : Number(aliased[1]),
    addresses: addresses.filter((each) => each.index === index && !each.local).map(({ address }) => address),
  };
}
