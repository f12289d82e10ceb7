import { familyOf } from '../addresses.ts';
import { digest } from '../digest.ts';
import { TABLE } from '../names.ts';
import type { DesiredState } from '../state.ts';
import { by } from './elements.ts';
import {
  accept,
  concat,
  ct,
  FAMILIES,
  has,
  is,
  type NftCommand,
  payload,
  protocolOf,
  type Statement,
  type Table,
} from './expressions.ts';

export type Pinned = DesiredState['egress'][number]['pinned'][number];

/** More than all guests that share one may come to have. */
const SIZE = 65_536;
/** Where a pin says nothing of its own. */
const SECONDS = 60;
const NAME = /^pins-[0-9a-f]{16}-[46]$/;

function idOf({ key, protocol, ports }: Pinned): string {
  return digest([key, protocol, ports?.from, ports?.to]);
}

/** A set that packets are looked up in, by source and destination. */
export function pinSet(pinned: Pinned, guest: string): string {
  return `pins-${idOf(pinned)}-${familyOf(guest)}`;
}

export function pinSets(table: Table, guests: readonly { readonly pinned: readonly Pinned[] }[]): NftCommand[] {
  const ids = new Set(guests.flatMap(({ pinned }) => pinned.map(idOf)));
  return [...ids].flatMap((id) =>
    FAMILIES.map((family) => {
      const address = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
      const more = { size: SIZE, flags: ['timeout'], timeout: SECONDS };
      return table.set(`pins-${id}-${family}`, [address, address], [], more);
    }),
  );
}

/** A connection that began while its destination was pinned goes on afterwards, for as long as the guest has this list. */
export function pinRules(table: Table, chain: string, pinned: readonly Pinned[]): NftCommand[] {
  return pinned.flatMap((each) => {
    const id = idOf(each);
    const mark = Number.parseInt(id.slice(0, 8), 16);
    return FAMILIES.flatMap((family) => {
      const protocol = protocolOf(family);
      const way = concat(payload(protocol, 'saddr'), payload(protocol, 'daddr'));
      const began: Statement = { mangle: { key: ct('mark'), value: mark } };
      return [
        table.rule(chain, has(ct('state'), 'established'), is(ct('mark'), mark), ...by(each, family), accept),
        table.rule(chain, is(way, `@pins-${id}-${family}`), ...by(each, family), began, accept),
      ];
    });
  });
}

/** What one set holds, with the seconds that are left of each. */
export interface PinnedSet {
  readonly set: string;
  readonly elements: readonly { readonly way: readonly [string, string]; readonly seconds: number }[];
}

/** @param objects as nft lists them */
export function readPins(objects: readonly NftCommand[]): PinnedSet[] {
  return objects.flatMap(({ set }) => {
    const { name = '', elem = [] } = (set ?? {}) as { name?: string; elem?: readonly ListedElement[] };
    if (!NAME.test(name)) return [];
    const lasting = elem.filter((each) => each.elem.expires > 0);
    return [
      { set: name, elements: lasting.map((each) => ({ way: each.elem.val.concat, seconds: each.elem.expires })) },
    ];
  });
}

interface ListedElement {
  readonly elem: { readonly val: { readonly concat: readonly [string, string] }; readonly expires: number };
}

export function keepPins(ruleset: readonly NftCommand[], kept: readonly PinnedSet[]): NftCommand[] {
  const sets = new Set(ruleset.map(({ add }) => (add as { set?: { name: string } }).set?.name));
  return kept.filter(({ set, elements }) => sets.has(set) && elements.length > 0).map(elementsCommand);
}

export function elementsCommand({ set, elements }: PinnedSet): NftCommand {
  const elem = elements.map(({ way, seconds }) => ({ elem: { val: concat(...way), timeout: seconds } }));
  return { add: { element: { family: 'inet', table: TABLE, name: set, elem } } };
}
