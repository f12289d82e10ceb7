import { type CliOption, NookError, type OptionValues } from '@nook/daemonapi';
import type { EgressRequest } from '../contract.ts';

const WORDS = ['open', 'deny', 'audit', 'allow'] as const;

export const ALLOW_OPTION: CliOption = {
  value: 'NAME|*.NAME|CIDR[:PORT][/PROTOCOL]',
  multiple: true,
  help: 'let it reach this, and nothing that is not so listed',
};

/** Of a network, for the VMs that are made on it. */
export const EGRESS_OPTIONS: Readonly<Record<string, CliOption>> = {
  egress: { value: 'POLICY', help: 'what its VMs reach unless they are told otherwise: open, deny, audit or allow' },
  allow: ALLOW_OPTION,
};

/** @throws NookError `bad_params` */
export function egressRequest({ egress, allow }: OptionValues): EgressRequest {
  const word = WORDS.find((each) => each === egress);
  if (egress !== undefined && word === undefined)
    throw new NookError('bad_params', `--egress takes ${WORDS.join(', ')}, not '${egress}'.`);
  return {
    ...(word === undefined ? {} : { egress: word }),
    ...(allow === undefined ? {} : { allow: allow as readonly string[] }),
  };
}
