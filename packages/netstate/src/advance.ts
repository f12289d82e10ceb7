import { isNookError } from '@nook/daemonapi';
import { changeLinks } from './change-links.ts';
import { linkChanges } from './link-changes.ts';
import { bridgeMac } from './names.ts';
import { type PinnedSet, readPins } from './nft/pins.ts';
import { rulesDigest } from './nft/ruleset.ts';
import { listTables, type ObservedLink } from './observe.ts';
import { type Reconciled, reconcile, replaceRules } from './reconcile.ts';
import type { DesiredState } from './state.ts';
import { sysctlsOf, writeSysctls } from './sysctls.ts';

/**
 * Leads from a state that was made to the next one, without a look at what there is. Rules come before links, as in
 * {@link reconcile}. What somebody else changed meanwhile is not found; where it is in the way, all is looked at.
 * @throws NookError as {@link reconcile} does; what was made is then not known
 */
export async function advance(from: DesiredState, to: DesiredState): Promise<Reconciled> {
  try {
    if (rulesDigest(from) !== rulesDigest(to)) await replaceRules(to, await pinsOf(from));
    changeLinks(linkChanges(to, linksOf(from)));
    return { repaired: [], sysctls_before: writeSysctls(sysctlsOf(to)) };
  } catch (error) {
    if (!isNookError(error) || error.code !== 'operation_failed') throw error;
    return reconcile(to);
  }
}

async function pinsOf({ egress }: DesiredState): Promise<PinnedSet[]> {
  return egress.some(({ pinned }) => pinned.length > 0) ? readPins(await listTables()) : [];
}

/** The links of a state, as they are seen once they were made. */
function linksOf({ bridges, taps }: DesiredState): ObservedLink[] {
  const common = { up: true, owner_uid: undefined, master: undefined, isolated: false };
  const homes = new Map(bridges.map((each) => [each.name, each]));
  return [
    ...bridges.map(({ name, mtu, addresses }) => ({
      ...{ ...common, name, kind: 'bridge' as const, mtu, mac: bridgeMac(name), addresses },
    })),
    ...taps.map(({ name, bridge, owner_uid, mac }) => {
      const { mtu = 1500, isolated = false } = homes.get(bridge) ?? {};
      return { ...common, name, kind: 'tap' as const, mtu, mac, master: bridge, isolated, owner_uid, addresses: [] };
    }),
  ];
}
