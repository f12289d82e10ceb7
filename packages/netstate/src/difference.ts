import { bridgeMac } from './names.ts';
import { rulesDigest } from './nft/ruleset.ts';
import type { Observed, ObservedLink } from './observe.ts';
import type { DesiredState } from './state.ts';
import { sysctlsOf } from './sysctls.ts';

/** One thing that is not as it should be. */
export interface Difference {
  readonly kind: 'bridge' | 'tap' | 'rules' | 'sysctl';
  readonly name: string;
  readonly problem: 'missing' | 'changed' | 'surplus';
  /** What differs, in a few words. */
  readonly detail: string;
}

/** Without a bridge there is nothing that rules would be for. */
export function isEmpty({ bridges }: DesiredState): boolean {
  return bridges.length === 0;
}

/** Pure. Nothing of what is not ours is ever among it, but for a foreign link that has a name which is wanted. */
export function difference(desired: DesiredState, observed: Observed): Difference[] {
  return [
    ...linkDifferences(desired, observed.links),
    ...ruleDifferences(desired, observed),
    ...sysctlDifferences(desired, observed),
  ];
}

function linkDifferences({ bridges, taps }: DesiredState, links: readonly ObservedLink[]): Difference[] {
  const found = new Map(links.map((link) => [link.name, link]));
  const wanted = new Set([...bridges, ...taps].map(({ name }) => name));
  const isolated = new Set(bridges.filter((each) => each.isolated).map(({ name }) => name));
  const surplus = links.filter(({ kind, name }) => kind !== 'foreign' && !wanted.has(name));
  return [
    ...bridges.flatMap((bridge) => one('bridge', bridge.name, found, (link) => bridgeDetails(bridge, link))),
    ...taps.flatMap((tap) =>
      one('tap', tap.name, found, (link) =>
        tapDetails(tap, link, { isolated: isolated.has(tap.bridge), mtu: mtuOf(bridges, tap.bridge) }),
      ),
    ),
    ...surplus.map(({ name, kind }) => ({
      kind: kind as 'bridge' | 'tap',
      name,
      problem: 'surplus' as const,
      detail: 'is not wanted',
    })),
  ];
}

export function mtuOf(bridges: DesiredState['bridges'], name: string): number {
  return bridges.find((each) => each.name === name)?.mtu ?? 1500;
}

function one(
  kind: 'bridge' | 'tap',
  name: string,
  found: ReadonlyMap<string, ObservedLink>,
  details: (link: ObservedLink) => string[],
): Difference[] {
  const link = found.get(name);
  if (link === undefined) return [{ kind, name, problem: 'missing', detail: 'is not there' }];
  const wrong = link.kind === kind ? details(link) : ['is a link of somebody else'];
  return wrong.length === 0 ? [] : [{ kind, name, problem: 'changed', detail: wrong.join(', ') }];
}

function bridgeDetails(bridge: DesiredState['bridges'][number], link: ObservedLink): string[] {
  return [
    ...(link.up ? [] : ['down']),
    ...(link.mtu === bridge.mtu ? [] : [`mtu ${link.mtu}`]),
    ...(link.mac === bridgeMac(bridge.name) ? [] : [`address ${link.mac}`]),
    ...bridge.addresses.filter((each) => !link.addresses.includes(each)).map((each) => `without ${each}`),
    ...link.addresses.filter((each) => !bridge.addresses.includes(each)).map((each) => `with ${each}`),
  ];
}

function tapDetails(
  tap: DesiredState['taps'][number],
  link: ObservedLink,
  { isolated, mtu }: { isolated: boolean; mtu: number },
): string[] {
  return [
    ...(link.up ? [] : ['down']),
    ...(link.mtu === mtu ? [] : [`mtu ${link.mtu}`]),
    ...(link.master === tap.bridge ? [] : [`on ${link.master ?? 'no bridge'}`]),
    ...(link.owner_uid === tap.owner_uid ? [] : [`owner ${link.owner_uid ?? 'unknown'}`]),
    ...(link.isolated === isolated ? [] : [isolated ? 'not isolated' : 'isolated']),
  ];
}

function ruleDifferences(desired: DesiredState, { tables: { present, mark, digest: listed } }: Observed): Difference[] {
  const of = (problem: Difference['problem'], detail: string): Difference[] => [
    { kind: 'rules', name: 'nook', problem, detail },
  ];
  if (isEmpty(desired)) return present ? of('surplus', 'there are no networks that they are for') : [];
  if (mark === undefined) return of('missing', 'our tables are not there, or only in part');
  if (mark.wanted !== rulesDigest(desired)) return of('changed', 'they are those of another state');
  if (mark.listed !== undefined && mark.listed !== listed) return of('changed', 'somebody changed them');
  return [];
}

function sysctlDifferences(desired: DesiredState, { sysctls }: Observed): Difference[] {
  return Object.entries(sysctlsOf(desired)).flatMap(([name, value]) =>
    sysctls[name] === value
      ? []
      : [
          {
            kind: 'sysctl' as const,
            name,
            problem: 'changed' as const,
            detail: `is ${sysctls[name] ?? 'not there'}, not ${value}`,
          },
        ],
  );
}
