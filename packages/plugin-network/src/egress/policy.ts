import { type EgressPolicy, NookError } from '@nook/daemonapi';
import { closedRangeOf } from '@nook/netstate';
import type { EgressRequest, EgressSpec } from '../contract.ts';
import { formatTarget, parseTarget } from './targets.ts';

export const OPEN: EgressSpec = { mode: 'open', audit: false, allow: [] };

/**
 * What a record keeps of a request; undefined when nothing was asked.
 * @throws NookError `bad_params`
 */
export function checkEgress({ egress, allow = [] }: EgressRequest): EgressSpec | undefined {
  if (egress === undefined && allow.length === 0) return undefined;
  const targets = allow.map(parseTarget);
  const texts = [...new Set(targets.map(formatTarget))];
  if (egress === 'deny' && texts.length > 0) {
    throw new NookError('bad_params', 'A policy that denies everything has no list of what is allowed.', {
      hint: 'Leave deny out: with a list, what is not on it is refused.',
    });
  }
  if (egress === 'allow' && texts.length === 0) {
    throw new NookError('bad_params', 'A list of what is allowed must have something on it.', {
      hint: 'Give it with --allow, e.g. --allow example.org:443; nothing at all is deny.',
    });
  }
  if (egress === 'open') {
    const other = targets.find(({ cidr, ports }) => cidr === undefined || ports || !closedRangeOf(cidr));
    if (other) {
      throw new NookError('bad_params', `'${formatTarget(other)}' cannot be added to a policy that is open.`, {
        hint: 'Besides everything else, whole private ranges can be opened, e.g. --allow 10.1.0.0/16.',
      });
    }
    return { ...OPEN, allow: texts };
  }
  if (egress === 'audit') return { mode: texts.length > 0 ? 'allow' : 'open', audit: true, allow: texts };
  return { mode: egress === 'deny' ? 'deny' : 'allow', audit: false, allow: texts };
}

export function policyOf({ mode, audit, allow }: EgressSpec): EgressPolicy {
  return { mode, audit, allow: allow.map(parseTarget) };
}
