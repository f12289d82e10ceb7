import type { Family } from '../addresses.ts';
import type { DesiredState } from '../state.ts';
import {
  concat,
  FAMILIES,
  is,
  meta,
  type NftCommand,
  payload,
  protocolOf,
  type Statement,
  setOf,
  type Table,
} from './expressions.ts';

/** Kept for an hour after the last packet; what a flood adds beyond the size is not recorded, and refused all the same. */
const SIZE = 4096;
const SECONDS = 3600;

/** Sets that packets fill: who wanted to go where. */
export type Record = 'blocked' | 'seen';
export const RECORDS: readonly Record[] = ['blocked', 'seen'];

/** A set for each family, keyed by source, destination, protocol, port (0 where there is none). */
export function recordSets(table: Table, record: Record): NftCommand[] {
  return FAMILIES.map((family) => {
    const address = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
    const type = [address, address, 'inet_proto', 'inet_service'];
    return table.set(`${record}${family}`, type, [], { size: SIZE, flags: ['timeout'], timeout: SECONDS });
  });
}

/** Rules of a chain that record a packet and, when the state has a group, tell it there; none of them decides. */
export function recordRules(table: Table, chain: string, record: Record, state: DesiredState): NftCommand[] {
  const rules = FAMILIES.flatMap((family) => [
    table.rule(chain, is(meta('l4proto'), setOf('tcp', 'udp')), update(record, family, payload('th', 'dport'))),
    table.rule(
      chain,
      { match: { op: '!=', left: meta('l4proto'), right: setOf('tcp', 'udp') } },
      update(record, family, 0),
    ),
  ]);
  if (state.log_group === undefined) return rules;
  return [...rules, table.rule(chain, { log: { group: state.log_group, prefix: `nook ${record}` } })];
}

function update(record: Record, family: Family, port: unknown): Statement {
  const protocol = protocolOf(family);
  const elem = concat(payload(protocol, 'saddr'), payload(protocol, 'daddr'), meta('l4proto'), port);
  return { set: { op: 'update', elem, set: `@${record}${family}` } };
}
