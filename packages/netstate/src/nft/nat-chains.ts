import { cidr, familyOf } from '../addresses.ts';
import type { DesiredState } from '../state.ts';
import {
  FAMILIES,
  is,
  isNot,
  jump,
  meta,
  type NftCommand,
  payload,
  protocolOf,
  rangeExpression,
  type Statement,
  type Table,
} from './expressions.ts';

const EVERY = new Set(['0.0.0.0', '::']);

/** Translation both ways: guests to the outside, and ports of the host to guests. */
export function natChains(table: Table, state: DesiredState): NftCommand[] {
  return [
    table.chain('published'),
    ...state.forwards.map((forward) => table.rule('published', ...forwardRule(forward))),
    table.hook('nat-prerouting', { type: 'nat', hook: 'prerouting', prio: -100 }),
    ...state.bridges.flatMap((bridge) => serviceRules(table, bridge)),
    table.rule('nat-prerouting', isNot(meta('iifname'), '@bridges'), jump('published')),
    table.hook('nat-output', { type: 'nat', hook: 'output', prio: -100 }),
    table.rule('nat-output', jump('published')),
    table.hook('nat-postrouting', { type: 'nat', hook: 'postrouting', prio: 100 }),
    ...outgoing(table, state),
    // Guests could not answer to the host's loopback address.
    table.rule(
      'nat-postrouting',
      is(payload('ip', 'saddr'), { prefix: { addr: '127.0.0.0', len: 8 } }),
      is(meta('oifname'), '@bridges'),
      { masquerade: null },
    ),
  ];
}

/** Guests ask for a service at its usual port. */
function serviceRules(table: Table, { name, addresses, services }: DesiredState['bridges'][number]): NftCommand[] {
  return services.flatMap(({ protocol, port, served_at }) => {
    if (served_at === undefined || served_at === port) return [];
    return addresses.map((each) => {
      const own = cidr(each).family;
      const addr = each.split('/')[0] as string;
      return table.rule(
        'nat-prerouting',
        is(meta('iifname'), name),
        is(payload(protocolOf(own), 'daddr'), addr),
        is(payload(protocol, 'dport'), port),
        { dnat: { family: protocolOf(own), addr, port: served_at } },
      );
    });
  });
}

function outgoing(table: Table, { bridges, nat }: DesiredState): NftCommand[] {
  const out = new Set(nat.map(({ bridge }) => bridge));
  const networks = bridges.filter(({ name }) => out.has(name)).flatMap(({ addresses }) => addresses.map(cidr));
  return FAMILIES.flatMap((family) => {
    const own = networks.filter((each) => each.family === family).map(rangeExpression);
    if (own.length === 0) return [];
    const from = is(payload(protocolOf(family), 'saddr'), { set: own });
    // What this side asks of itself comes from where it seems to.
    const away = [isNot(meta('oifname'), 'lo'), isNot(meta('oifname'), '@bridges')];
    return [table.rule('nat-postrouting', from, ...away, { masquerade: null })];
  });
}

function forwardRule(forward: DesiredState['forwards'][number]): Statement[] {
  const { protocol, host_address, host_port, guest_address, guest_port } = forward;
  const family = familyOf(host_address);
  const where = EVERY.has(host_address)
    ? [is(meta('nfproto'), family === 4 ? 'ipv4' : 'ipv6'), is({ fib: { result: 'type', flags: ['daddr'] } }, 'local')]
    : [is(payload(protocolOf(family), 'daddr'), host_address)];
  return [
    ...where,
    is(payload(protocol, 'dport'), host_port),
    { dnat: { family: protocolOf(family), addr: guest_address, port: guest_port } },
  ];
}
