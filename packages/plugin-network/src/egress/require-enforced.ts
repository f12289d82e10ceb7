import { NookError } from '@nook/daemonapi';
import type { NethostLink } from '../nethosts/nethost-link.ts';
import { readRules } from './enforced.ts';

/**
 * @param link undefined: the nethost is gone already
 * @throws NookError `unavailable` when the rules of a VM are more than the network's nethost knows
 */
export function requireEnforced(
  link: NethostLink | undefined,
  { dir, vm }: { readonly dir: string; readonly vm: string },
): void {
  const { mode, audit, opened } = readRules(dir, vm);
  if ((mode === 'open' && !audit && opened.length === 0) || (link?.version ?? 0) >= 2) return;
  if (!link) throw new NookError('unavailable', 'What keeps this network up ended meanwhile.', { hint: 'Try again.' });
  throw new NookError('unavailable', 'What keeps this network up is of an older version, and knows no egress rules.', {
    hint: 'Stop all of its VMs, and start them again.',
  });
}
