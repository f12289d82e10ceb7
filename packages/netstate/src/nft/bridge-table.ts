import { cidr, familyOf, overlap } from '../addresses.ts';
import { TABLE } from '../names.ts';
import type { DesiredState } from '../state.ts';
import { type Allowed, chainOf, chainsOf, elementRules } from './elements.ts';
import {
  accept,
  concat,
  drop,
  goto,
  is,
  isNot,
  meta,
  type NftCommand,
  payload,
  type Statement,
  setOf,
  tableOf,
} from './expressions.ts';
import { RECORDS, recordRules, recordSets } from './records.ts';
import { tellChains, tellRules } from './trace.ts';

type Egress = DesiredState['egress'][number];

const table = tableOf('bridge', TABLE);
const NOTHING: Allowed = { elements: [], pinned: [] };

/**
 * What is only seen on a bridge: that frames of a tap carry the MAC and the addresses of its guest, and what goes from
 * guest to guest. Ports that are not our taps are let alone.
 */
export function bridgeTable(state: DesiredState): NftCommand[] {
  const limited = state.egress.filter(({ policy, audit }) => policy !== 'open' || audit);
  const lists = new Map(limited.map((egress) => [egress.tap, amongPeers(egress, state)]));
  const verdict = ({ tap, audit }: Egress) =>
    goto((audit ? 'audited' : chainOf(lists.get(tap) ?? NOTHING)) ?? 'refuse');
  return [
    ...sets(state),
    ...RECORDS.flatMap((record) => recordSets(table, record)),
    ...tellChains(table, state),
    table.chain('guard'),
    table.chain('refuse'),
    ...findRules('refuse'),
    ...recordRules(table, 'refuse', 'blocked', state),
    ...tellRules(table, 'refuse', 'blocked', state),
    table.rule('refuse', drop),
    table.chain('audited'),
    ...recordRules(table, 'audited', 'seen', state),
    table.rule('audited', accept),
    ...guardRules(),
    ...chainsOf(lists.values()).flatMap(([chain, { elements }]) => peerChain(chain, elements)),
    table.verdicts(
      'peers',
      'ifname',
      limited.map((egress) => [egress.tap, verdict(egress)]),
    ),
    table.hook('prerouting', { type: 'filter', hook: 'prerouting', prio: -300 }),
    table.rule('prerouting', is(meta('iifname'), '@taps'), goto('guard')),
    table.hook('forward', { type: 'filter', hook: 'forward', prio: 0 }),
    table.rule('forward', { vmap: { key: meta('iifname'), data: '@peers' } }),
  ];
}

function sets({ taps }: DesiredState): NftCommand[] {
  const sources = taps.flatMap(({ name, addresses }) => addresses.map((each) => ({ name, each })));
  const of = (family: 4 | 6) =>
    sources.filter(({ each }) => familyOf(each) === family).map(({ name, each }) => concat(name, each));
  return [
    table.set(
      'taps',
      'ifname',
      taps.map(({ name }) => name),
    ),
    table.set(
      'macs',
      ['ifname', 'ether_addr'],
      taps.map(({ name, mac }) => concat(name, mac)),
    ),
    table.set('sources4', ['ifname', 'ipv4_addr'], of(4)),
    table.set('sources6', ['ifname', 'ipv6_addr'], of(6)),
  ];
}

/** Who answers for others' addresses, hands out addresses or routes, or is somebody else, is dropped. */
function guardRules(): NftCommand[] {
  const from = (protocol: string, field: string) => concat(meta('iifname'), payload(protocol, field));
  const rules: Statement[][] = [
    [isNot(from('ether', 'saddr'), '@macs'), drop],
    [isNot(from('arp', 'saddr ether'), '@macs'), drop],
    [is(from('arp', 'saddr ip'), '@sources4'), accept],
    // A guest that asks whether its address is free has none yet.
    [is(payload('arp', 'saddr ip'), '0.0.0.0'), accept],
    [is(payload('icmpv6', 'type'), setOf('nd-router-advert', 'nd-redirect')), drop],
    [is(payload('udp', 'sport'), setOf(67, 547)), drop],
    [is(from('ip', 'saddr'), '@sources4'), accept],
    [is(from('ip6', 'saddr'), '@sources6'), accept],
    [is(payload('ip6', 'saddr'), setOf('::', { prefix: { addr: 'fe80::', len: 10 } })), accept],
    [drop],
  ];
  return rules.map((rule) => table.rule('guard', ...rule));
}

/** Those that may concern others of the guest's network: all else goes to the host, and is decided there. */
function amongPeers({ tap, policy, audit, elements }: Egress, { taps, bridges }: DesiredState): Allowed {
  if (policy !== 'allow' || audit) return NOTHING;
  const home = taps.find(({ name }) => name === tap)?.bridge;
  const networks = [...(bridges.find(({ name }) => name === home)?.addresses ?? []), 'fe80::/10'].map(cidr);
  const here = elements.filter((each) => networks.some((network) => overlap(cidr(each.cidr), network)));
  return { elements: here, pinned: [] };
}

/** Guests with a list reach others of their network as far as it says so. */
function peerChain(chain: string, elements: Allowed['elements']): NftCommand[] {
  return [table.chain(chain), ...elementRules(table, chain, elements), table.rule(chain, goto('refuse'))];
}

/** Guests find each other in any case, so that it is a packet and not its way that is refused, and told of. */
function findRules(chain: string): NftCommand[] {
  return [
    table.rule(chain, is(meta('protocol'), 'arp'), accept),
    table.rule(chain, is(payload('icmpv6', 'type'), setOf('nd-neighbor-solicit', 'nd-neighbor-advert')), accept),
  ];
}
