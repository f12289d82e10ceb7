import { isNookError } from '@nook/daemonapi';
import { canonicalAddress } from './addresses.ts';
import { type ListedTables, readTables } from './mark.ts';
import { ALIAS, isOwnName } from './names.ts';
import type { NftCommand } from './nft/expressions.ts';
import { type PinnedSet, readPins } from './nft/pins.ts';
import { OWN_TABLES } from './nft/ruleset.ts';
import { runProgram } from './run-program.ts';
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

/** @throws NookError `unavailable`, `timeout`, `operation_failed` of the programs that are asked */
export async function observe(): Promise<Observed> {
  const [links, tables] = await Promise.all([observeLinks(), listTables()]);
  const bridges = links.filter(({ kind }) => kind === 'bridge').map(({ name }) => name);
  return { links, tables: readTables(tables), pins: readPins(tables), sysctls: readSysctls(bridges) };
}

/** @returns the objects of both of our tables, as nft lists them; none of a table that is not there */
export async function listTables(): Promise<NftCommand[]> {
  return (await Promise.all(OWN_TABLES.map(listTable))).flat();
}

async function listTable({ family, name }: (typeof OWN_TABLES)[number]): Promise<NftCommand[]> {
  try {
    const text = await runProgram('nft', ['-j', 'list', 'table', family, name]);
    return (JSON.parse(text) as { nftables: NftCommand[] }).nftables;
  } catch (error) {
    if (isNookError(error) && error.message.includes('No such file or directory')) return [];
    throw error;
  }
}

/** The fields of `ip -j -d address` that matter here. */
interface IpLink {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly address?: string;
  readonly master?: string;
  readonly ifalias?: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: { readonly type?: string };
    readonly info_slave_data?: { readonly isolated?: boolean };
  };
  readonly addr_info: readonly { readonly local?: string; readonly prefixlen?: number; readonly scope?: string }[];
}

async function observeLinks(): Promise<ObservedLink[]> {
  const links = JSON.parse(await runProgram('ip', ['-j', '-d', 'address', 'show'])) as IpLink[];
  return links.filter(({ ifname }) => isOwnName(ifname)).map(readLink);
}

const ALIASED = new RegExp(`^${ALIAS}(?: (\\d{1,10}))?$`);

function readLink(link: IpLink): ObservedLink {
  const { info_kind, info_data, info_slave_data } = link.linkinfo ?? {};
  const alias = link.ifalias === undefined ? undefined : ALIASED.exec(link.ifalias);
  const kind = info_kind === 'bridge' ? 'bridge' : info_kind === 'tun' && info_data?.type === 'tap' ? 'tap' : 'foreign';
  return {
    name: link.ifname,
    // Without an alias it is one whose making was cut short.
    kind: alias === null ? 'foreign' : kind,
    up: link.flags.includes('UP'),
    mtu: link.mtu,
    mac: link.address ?? '',
    master: link.master,
    isolated: info_slave_data?.isolated === true,
    owner_uid: alias?.[1] === undefined ? undefined : Number(alias[1]),
    addresses: link.addr_info
      .filter(({ scope }) => scope !== 'link')
      .map(({ local = '', prefixlen }) => `${canonicalAddress(local) ?? local}/${prefixlen}`),
  };
}
