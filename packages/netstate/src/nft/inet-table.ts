import { familyOf } from '../addresses.ts';
import { TABLE } from '../names.ts';
import type { DesiredState } from '../state.ts';
import { egressChains } from './egress-chains.ts';
import {
  accept,
  concat,
  ct,
  drop,
  FAMILIES,
  goto,
  has,
  is,
  isNot,
  jump,
  meta,
  type NftCommand,
  payload,
  protocolOf,
  setOf,
  tableOf,
} from './expressions.ts';
import { natChains } from './nat-chains.ts';
import { RECORDS, recordSets } from './records.ts';
import { tellChains } from './trace.ts';

const table = tableOf('inet', TABLE);
const HOOK = { type: 'filter', prio: 0 } as const;

/** What is routed: between guests and the outside, and between guests and the host. Packets of others are let alone. */
export function inetTable(state: DesiredState): NftCommand[] {
  return [
    table.set(
      'bridges',
      'ifname',
      state.bridges.map(({ name }) => name),
    ),
    table.set(
      'uplinked',
      'ifname',
      state.nat.map(({ bridge }) => bridge),
    ),
    table.set(
      'neighbours',
      ['ifname', 'ether_addr'],
      state.taps.map(({ bridge, mac }) => concat(bridge, mac)),
    ),
    ...hostSets(state),
    ...RECORDS.flatMap((record) => recordSets(table, record)),
    ...tellChains(table, state),
    ...egressChains(table, state),
    ...fromGuest(),
    ...toGuest(),
    ...toHost(),
    table.hook('forward', { ...HOOK, hook: 'forward' }),
    table.rule('forward', is(meta('iifname'), '@bridges'), jump('from-guest')),
    table.rule('forward', is(meta('oifname'), '@bridges'), jump('to-guest')),
    table.hook('input', { ...HOOK, hook: 'input' }),
    table.rule('input', is(meta('iifname'), '@bridges'), jump('to-host')),
    ...natChains(table, state),
  ];
}

/** Our own addresses on bridges, and the ports of them that are open to guests. */
function hostSets({ bridges }: DesiredState): NftCommand[] {
  const own = bridges.flatMap(({ name, addresses, services }) =>
    addresses.map((each) => ({ name, address: each.split('/')[0] as string, services })),
  );
  return FAMILIES.flatMap((family) => {
    const type = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
    const here = own.filter(({ address }) => familyOf(address) === family);
    const open = here.flatMap(({ name, address, services }) =>
      services.map(({ protocol, port, served_at = port }) => concat(name, address, protocol, served_at)),
    );
    return [
      table.set(
        `gateways${family}`,
        ['ifname', type],
        here.map(({ name, address }) => concat(name, address)),
      ),
      table.set(`services${family}`, ['ifname', type, 'inet_proto', 'inet_service'], open),
    ];
  });
}

const isAnswer = is(ct('direction'), 'reply');
const belongsToAnother = has(ct('state'), 'related');

function fromGuest(): NftCommand[] {
  const chain = 'from-guest';
  return [
    table.chain(chain),
    // Where the host has br_netfilter, frames from guest to guest come by here too: they are the bridge table's. What is
    // routed was addressed to the host, never to a guest.
    table.rule(chain, is(concat(meta('iifname'), payload('ether', 'daddr')), '@neighbours'), accept),
    table.rule(chain, is(meta('oifname'), '@bridges'), is(meta('pkttype'), setOf('broadcast', 'multicast')), accept),
    table.rule(chain, isAnswer, accept),
    table.rule(chain, belongsToAnother, accept),
    // A network without a way out has none to our other bridges either.
    table.rule(chain, isNot(meta('iifname'), '@uplinked'), goto('refuse')),
    table.rule(chain, goto('decide')),
  ];
}

/** From the outside come answers and what a port was published for. */
function toGuest(): NftCommand[] {
  const chain = 'to-guest';
  return [
    table.chain(chain),
    table.rule(chain, isAnswer, accept),
    table.rule(chain, belongsToAnother, accept),
    table.rule(chain, has(ct('status'), 'dnat'), accept),
    table.rule(chain, drop),
  ];
}

function toHost(): NftCommand[] {
  const chain = 'to-host';
  const found = setOf('nd-neighbor-solicit', 'nd-neighbor-advert', 'nd-router-solicit');
  return [
    table.chain(chain),
    table.rule(chain, isAnswer, accept),
    table.rule(chain, belongsToAnother, accept),
    table.rule(chain, is(payload('icmpv6', 'type'), found), accept),
    ...FAMILIES.flatMap((family) => {
      const protocol = protocolOf(family);
      const gateway = concat(meta('iifname'), payload(protocol, 'daddr'));
      const service = concat(meta('iifname'), payload(protocol, 'daddr'), meta('l4proto'), payload('th', 'dport'));
      const echo = is(payload(family === 4 ? 'icmp' : 'icmpv6', 'type'), 'echo-request');
      return [
        table.rule(chain, is(service, `@services${family}`), accept),
        table.rule(chain, is(gateway, `@gateways${family}`), echo, accept),
        table.rule(chain, is(gateway, `@gateways${family}`), goto('refuse')),
      ];
    }),
    table.rule(chain, goto('decide')),
  ];
}
