import { NookError } from '@nook/daemonapi';
import { familyOf } from './addresses.ts';
import { mtuOf } from './difference.ts';
import { ALIAS, bridgeMac } from './names.ts';
import type { ObservedLink } from './observe.ts';
import type { DesiredState } from './state.ts';

/**
 * Lines for `ip -batch -` that lead from what is observed to what is wanted. Pure; empty when nothing is to be done. All
 * words in them were checked by the schema: no line can be split or hold an option of somebody else's.
 * @throws NookError `conflict` when a foreign link has a name that is wanted
 */
export function linkCommands(desired: DesiredState, links: readonly ObservedLink[]): string[] {
  const found = new Map(links.map((link) => [link.name, link]));
  const wanted = new Map<string, 'bridge' | 'tap'>([
    ...desired.bridges.map(({ name }) => [name, 'bridge'] as const),
    ...desired.taps.map(({ name }) => [name, 'tap'] as const),
  ]);
  for (const { name, kind } of links) {
    if (kind === 'foreign' && wanted.has(name)) {
      throw new NookError('conflict', `There is a link '${name}' that nook did not make.`, {
        hint: `Remove or rename it: ip link delete ${name}`,
      });
    }
  }
  const owners = new Map(desired.taps.map(({ name, owner_uid }) => [name, owner_uid]));
  const stale = links.filter(
    ({ name, kind, owner_uid }) =>
      kind !== 'foreign' && (wanted.get(name) !== kind || (kind === 'tap' && owners.get(name) !== owner_uid)),
  );
  for (const { name } of stale) found.delete(name);
  return [
    ...stale.map(({ name }) => `link delete dev ${name}`),
    ...desired.bridges.flatMap((bridge) => bridgeLines(bridge, found.get(bridge.name))),
    ...desired.taps.flatMap((tap) => tapLines(tap, desired, found.get(tap.name))),
  ];
}

function bridgeLines(
  { name, addresses, mtu }: DesiredState['bridges'][number],
  link: ObservedLink | undefined,
): string[] {
  const mac = bridgeMac(name);
  const lacking = addresses.filter((each) => !link?.addresses.includes(each));
  const surplus = (link?.addresses ?? []).filter((each) => !addresses.includes(each));
  const right = link?.up === true && link.mtu === mtu && link.mac === mac;
  return [
    ...(link === undefined ? [`link add name ${name} address ${mac} type bridge`] : []),
    ...(right ? [] : [`link set dev ${name} alias ${ALIAS} address ${mac} mtu ${mtu} up`]),
    ...surplus.map((each) => `address delete ${each} dev ${name}`),
    // Nobody else of the network is there yet who could have the address.
    ...lacking.map((each) => `address add ${each} dev ${name}${familyOf(each) === 6 ? ' nodad' : ''}`),
  ];
}

function tapLines(
  tap: DesiredState['taps'][number],
  { bridges }: DesiredState,
  link: ObservedLink | undefined,
): string[] {
  const { name, bridge, owner_uid } = tap;
  const mtu = mtuOf(bridges, bridge);
  const isolated = bridges.some((each) => each.name === bridge && each.isolated);
  const right = link?.up === true && link.mtu === mtu && link.master === bridge;
  const known = right && link.isolated === isolated;
  return [
    ...(link === undefined
      ? [`tuntap add dev ${name} mode tap user ${owner_uid}${tap.vnet_hdr ? ' vnet_hdr' : ''}`]
      : []),
    ...(right ? [] : [`link set dev ${name} alias "${ALIAS} ${owner_uid}" mtu ${mtu} master ${bridge} up`]),
    ...(known ? [] : [`link set dev ${name} type bridge_slave isolated ${isolated ? 'on' : 'off'}`]),
  ];
}
