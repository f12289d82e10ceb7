import type { HostNames, NetworkMode } from '../contract.ts';
import type { NethostLink } from './nethost-link.ts';

const OWN_NAMESPACE =
  'This machine has no address in the network: it reaches its VMs by their published ports (nook net publish), or with nook vm exec.';

/** Whether this machine finds the VMs of a network by name; undefined while it is not up. */
export async function hostNames(mode: NetworkMode, link: NethostLink | undefined): Promise<HostNames | undefined> {
  if (!link) return undefined;
  if (mode === 'namespace') return { from_host: false, hint: OWN_NAMESPACE };
  const hint = await link.info().then(
    ({ unrouted }) => unrouted,
    (error: Error) => error.message,
  );
  return { from_host: hint === undefined, hint };
}
