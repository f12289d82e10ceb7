import type { ScopesCapability } from '../contract.ts';
import type { Limits } from './vm-limits.ts';

/** Scopes for processes that are no VM's and outlive the daemon as VMs do. */
export function processScopes(limits: Limits): ScopesCapability {
  return {
    async enter(scope) {
      const way = await limits.way();
      // A cgroup that is delegated to the daemon stays as it is: nobody would remove one that is made below it.
      if (way.kind === 'systemd') await way.manager.startScope(scope);
    },
  };
}
