import { cidr, familyOf, outermost } from '../addresses.ts';
import { CLOSED_RANGES } from '../closed-ranges.ts';
import type { DesiredState } from '../state.ts';
import { chainOf, chainsOf, elementRules } from './elements.ts';
import {
  accept,
  concat,
  ct,
  FAMILIES,
  goto,
  has,
  is,
  meta,
  type NftCommand,
  payload,
  protocolOf,
  rangeExpression,
  type Statement,
  type Table,
} from './expressions.ts';
import { pinRules, pinSets } from './pins.ts';
import { recordRules } from './records.ts';
import { tellRules } from './trace.ts';

type Egress = DesiredState['egress'][number];

const OPEN: Omit<Egress, 'tap'> = { policy: 'open', audit: false, elements: [], pinned: [], opened: [] };

/**
 * The chains that decide what a guest's packets reach, whether they are forwarded or meant for the host. They decide about
 * every packet and not only about a connection's first, so that a stricter policy ends what a laxer one let begin.
 */
export function egressChains(table: Table, state: DesiredState): NftCommand[] {
  const egressOf = new Map(state.egress.map((each) => [each.tap, each]));
  const guests = state.taps.map((each) => ({
    ...each,
    egress: egressOf.get(each.name) ?? { tap: each.name, ...OPEN },
  }));
  const limited = guests.map(({ egress }) => egress).filter(({ policy, audit }) => policy === 'allow' && !audit);
  return [
    ...FAMILIES.flatMap((family) => {
      const address = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
      const closed = CLOSED_RANGES.map(cidr).filter((each) => each.family === family);
      const opened = guests.flatMap(({ addresses, egress }) =>
        outermost(egress.opened.map(cidr).filter((each) => each.family === family)).flatMap((range) =>
          addresses.filter((own) => familyOf(own) === family).map((own) => concat(own, rangeExpression(range))),
        ),
      );
      return [
        table.set(`closed${family}`, address, closed.map(rangeExpression), { flags: ['interval'] }),
        table.set(`opened${family}`, [address, address], opened, { flags: ['interval'] }),
      ];
    }),
    ...refuseChain(table, state),
    ...auditChain(table, state),
    ...pinSets(table, limited),
    ...chainsOf(limited).flatMap(([chain, { elements, pinned }]) => [
      table.chain(chain),
      ...elementRules(table, chain, elements),
      ...pinRules(table, chain, pinned),
      table.rule(chain, goto('refuse')),
    ]),
    ...FAMILIES.map((family) =>
      table.verdicts(
        `policy${family}`,
        family === 4 ? 'ipv4_addr' : 'ipv6_addr',
        guests.flatMap(({ addresses, egress }) =>
          addresses.filter((own) => familyOf(own) === family).map((own) => [own, verdict(egress)] as const),
        ),
      ),
    ),
    ...decisionChains(table),
  ];
}

function verdict({ policy, audit, ...allowed }: Egress): Statement {
  if (audit) return goto('audited');
  if (policy === 'open') return accept;
  return goto((policy === 'allow' ? chainOf(allowed) : undefined) ?? 'refuse');
}

/** What is refused is told so, and does not wait for an answer in vain. */
function refuseChain(table: Table, state: DesiredState): NftCommand[] {
  return [
    table.chain('refuse'),
    ...recordRules(table, 'refuse', 'blocked', state),
    ...tellRules(table, 'refuse', 'blocked', state),
    table.rule('refuse', is(meta('l4proto'), 'tcp'), { reject: { type: 'tcp reset' } }),
    table.rule('refuse', { reject: { type: 'icmpx', expr: 'admin-prohibited' } }),
  ];
}

function auditChain(table: Table, state: DesiredState): NftCommand[] {
  return [
    table.chain('record'),
    ...recordRules(table, 'record', 'seen', state),
    ...tellRules(table, 'record', 'seen', state),
    table.chain('audited'),
    table.rule('audited', has(ct('state'), 'new'), { jump: { target: 'record' } }),
    table.rule('audited', accept),
  ];
}

function decisionChains(table: Table): NftCommand[] {
  return [
    table.chain('policy'),
    ...FAMILIES.map((family) =>
      table.rule('policy', { vmap: { key: payload(protocolOf(family), 'saddr'), data: `@policy${family}` } }),
    ),
    // Nobody's address: the guard on the bridge let it through by mistake.
    table.rule('policy', { drop: null }),
    table.chain('decide'),
    ...FAMILIES.flatMap((family) => {
      const protocol = protocolOf(family);
      const way = concat(payload(protocol, 'saddr'), payload(protocol, 'daddr'));
      return [
        table.rule('decide', is(way, `@opened${family}`), goto('policy')),
        table.rule('decide', is(payload(protocol, 'daddr'), `@closed${family}`), goto('refuse')),
      ];
    }),
    table.rule('decide', goto('policy')),
  ];
}
