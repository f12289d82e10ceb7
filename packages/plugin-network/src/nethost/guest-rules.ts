import { createHash } from 'node:crypto';
import type { EgressRules, EgressTarget } from '@nook/daemonapi';
import type { DesiredStateInput, Pin } from '@nook/netstate';
import { matchesName } from '../egress/targets.ts';
import type { Host } from '../names/answer.ts';
import { DOMAIN } from '../names/domain.ts';

type Egress = NonNullable<DesiredStateInput['egress']>[number];
type Pinned = Pin['pinned'];

/** What a guest's rules are to the namespace. */
export function egressOf(tap: string, rules: EgressRules, hosts: readonly Host[]): Egress {
  const { mode, audit, opened } = rules;
  return { tap, policy: mode, audit, ...allowedOf(rules, hosts), opened: [...opened] };
}

function allowedOf({ mode, allow }: EgressRules, hosts: readonly Host[]): Pick<Egress, 'elements' | 'pinned'> {
  if (mode !== 'allow') return {};
  const elements = allow.flatMap(({ cidr, name, protocol, ports }) => {
    const ranges = cidr === undefined ? addressesOf(name ?? '', hosts) : [cidr];
    return ranges.map((range) => ({ cidr: range, protocol, ...(ports ? { ports } : {}) }));
  });
  return { elements, pinned: [...pinnedOf(allow).values()].map(({ pinned }) => pinned) };
}

/** VMs of the network are where they are: nobody needs to ask for them first. */
function addressesOf(pattern: string, hosts: readonly Host[]): string[] {
  return hosts
    .filter(({ name }) => pattern !== '*' && matchesName(pattern, `${name}.${DOMAIN}`))
    .flatMap(({ address, address6 }) => [address, address6]);
}

/** What answers to this name are pinned for. */
export function pinnedFor(name: string, { mode, audit, allow }: EgressRules): Pinned[] {
  if (mode !== 'allow' || audit) return [];
  return [...pinnedOf(allow).values()]
    .filter(({ patterns }) => patterns.some((pattern) => matchesName(pattern, name)))
    .map(({ pinned }) => pinned);
}

/** Whether a guest may know where this name is. */
export function mayResolve(name: string, { mode, audit, allow }: EgressRules): boolean {
  if (audit || mode === 'open') return true;
  return mode === 'allow' && allow.some((target) => target.name !== undefined && matchesName(target.name, name));
}

/** Names of the same protocol and ports share what is pinned for them. */
function pinnedOf(allow: readonly EgressTarget[]): Map<string, { patterns: readonly string[]; pinned: Pinned }> {
  const named = allow.filter(({ name }) => name !== undefined);
  const groups = Map.groupBy(named, ({ protocol, ports }) => `${protocol} ${ports?.from} ${ports?.to}`);
  return new Map(
    [...groups].map(([by, targets]) => {
      const patterns = targets.map(({ name = '' }) => name).sort();
      const { protocol, ports } = targets[0] as EgressTarget;
      const key = createHash('sha256').update(JSON.stringify(patterns)).digest('hex').slice(0, 16);
      return [by, { patterns, pinned: { key, protocol, ...(ports ? { ports } : {}) } }];
    }),
  );
}
