import { type Cidr, cidr, type Family, outermost } from '../addresses.ts';
import { digest } from '../digest.ts';
import type { DesiredState } from '../state.ts';
import {
  accept,
  FAMILIES,
  is,
  meta,
  type NftCommand,
  payload,
  protocolOf,
  rangeExpression,
  type Statement,
  setOf,
  type Table,
} from './expressions.ts';

type Egress = DesiredState['egress'][number];
type Element = Egress['elements'][number];

/** What a guest may reach. */
export type Allowed = Pick<Egress, 'elements' | 'pinned'>;

/** The chain of a list: guests with equal lists share one, so that many guests take little of a transaction. Undefined for an empty one. */
export function chainOf({ elements, pinned }: Allowed): string | undefined {
  return elements.length + pinned.length === 0 ? undefined : `to-${digest([elements, pinned])}`;
}

/** Each chain once, with its list. */
export function chainsOf(lists: Iterable<Allowed>): [string, Allowed][] {
  const chains = new Map<string, Allowed>();
  for (const list of lists) {
    const chain = chainOf(list);
    if (chain !== undefined) chains.set(chain, list);
  }
  return [...chains];
}

/** Rules that accept what the elements name: one for each family, protocol and ports, with all its addresses. */
export function elementRules(table: Table, chain: string, elements: readonly Element[]): NftCommand[] {
  const groups = Map.groupBy(elements, ({ protocol, ports }) => `${protocol} ${ports?.from} ${ports?.to}`);
  return [...groups.values()].flatMap((group) =>
    FAMILIES.flatMap((family) => {
      const ranges = outermost(group.map((each) => cidr(each.cidr)).filter((each) => each.family === family));
      if (ranges.length === 0) return [];
      return [table.rule(chain, to(family, ranges), ...by(group[0] as Element, family), accept)];
    }),
  );
}

function to(family: Family, ranges: readonly Cidr[]): Statement {
  const [only, ...more] = ranges.map(rangeExpression);
  return is(payload(protocolOf(family), 'daddr'), more.length === 0 ? only : setOf(only, ...more));
}

/** Matches the protocol and the ports. */
export function by({ protocol, ports }: Pick<Element, 'protocol' | 'ports'>, family: Family): Statement[] {
  if (protocol === 'any') return [];
  if (protocol === 'icmp') return [is(meta('l4proto'), family === 4 ? 'icmp' : 'ipv6-icmp')];
  if (ports === undefined) return [is(meta('l4proto'), protocol)];
  const { from, to: last } = ports;
  return [is(payload(protocol, 'dport'), from === last ? from : { range: [from, last] })];
}
