import { NookError } from '@nook/daemonapi';
import { mtuOf } from './difference.ts';
import { ALIAS, bridgeMac } from './names.ts';
import type { ObservedLink } from './observe.ts';
import type { DesiredState } from './state.ts';

/** One step, of the link with this name. */
export type LinkChange = { readonly name: string } & (
  | { readonly kind: 'delete' }
  | { readonly kind: 'add-bridge'; readonly mac: string }
  | { readonly kind: 'add-tap'; readonly owner_uid: number; readonly vnet_hdr: boolean }
  /** It is up after that. */
  | {
      readonly kind: 'set';
      readonly alias: string;
      readonly mtu: number;
      readonly mac?: string;
      /** The bridge that it is a port of. */
      readonly master?: string;
    }
  | { readonly kind: 'isolate'; readonly isolated: boolean }
  | { readonly kind: 'add-address' | 'delete-address'; readonly address: string }
);

/**
 * What leads from the links that are observed to those that are wanted, in order. Pure; empty when nothing is to be done.
 * @throws NookError `conflict` when a foreign link has a name that is wanted
 */
export function linkChanges(desired: DesiredState, links: readonly ObservedLink[]): LinkChange[] {
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
    ...stale.map(({ name }) => ({ kind: 'delete' as const, name })),
    ...desired.bridges.flatMap((bridge) => bridgeChanges(bridge, found.get(bridge.name))),
    ...desired.taps.flatMap((tap) => tapChanges(tap, desired, found.get(tap.name))),
  ];
}

function bridgeChanges(
  { name, addresses, mtu }: DesiredState['bridges'][number],
  link: ObservedLink | undefined,
): LinkChange[] {
  const mac = bridgeMac(name);
  const lacking = addresses.filter((each) => !link?.addresses.includes(each));
  const surplus = (link?.addresses ?? []).filter((each) => !addresses.includes(each));
  const right = link?.up === true && link.mtu === mtu && link.mac === mac;
  return [
    ...(link === undefined ? [{ kind: 'add-bridge' as const, name, mac }] : []),
    ...(right ? [] : [{ kind: 'set' as const, name, alias: ALIAS, mac, mtu }]),
    ...surplus.map((address) => ({ kind: 'delete-address' as const, name, address })),
    ...lacking.map((address) => ({ kind: 'add-address' as const, name, address })),
  ];
}

function tapChanges(
  { name, bridge, owner_uid, vnet_hdr }: DesiredState['taps'][number],
  { bridges }: DesiredState,
  link: ObservedLink | undefined,
): LinkChange[] {
  const mtu = mtuOf(bridges, bridge);
  const isolated = bridges.some((each) => each.name === bridge && each.isolated);
  const right = link?.up === true && link.mtu === mtu && link.master === bridge;
  const known = right && link.isolated === isolated;
  return [
    ...(link === undefined ? [{ kind: 'add-tap' as const, name, owner_uid, vnet_hdr }] : []),
    ...(right ? [] : [{ kind: 'set' as const, name, alias: `${ALIAS} ${owner_uid}`, mtu, master: bridge }]),
    ...(known ? [] : [{ kind: 'isolate' as const, name, isolated }]),
  ];
}
