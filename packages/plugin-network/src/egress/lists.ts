import type { EgressPolicyManager } from '@nook/daemonapi';
import { closedRangeOf } from '@nook/netstate';

/** The manager that nook brings: a VM's rules are what its user asked for, and ranges that are named are opened. */
export const lists: EgressPolicyManager = {
  name: 'lists',
  decide: ({ policy }) => ({
    ...policy,
    opened: policy.allow.flatMap(({ cidr }) => (cidr !== undefined && closedRangeOf(cidr) ? [cidr] : [])),
  }),
};
