import { NookError } from '@nook/daemonapi';
import type { ScopesCapability } from '../contract.ts';
import type { Limits } from './vm-limits.ts';

/** Scopes for processes that are no VM's and outlive the daemon as VMs do. */
export function processScopes(limits: Limits): ScopesCapability {
  return {
    async enter(scope) {
      const way = await limits.way();
      // A cgroup that is delegated to the daemon stays as it is: nobody would remove one that is made below it.
      if (way.kind !== 'systemd') return;
      await way.manager.startScope(scope).catch((cause: Error) => {
        throw new NookError('operation_failed', `systemd made no scope '${scope.unit}': ${cause.message}`, { cause });
      });
    },
  };
}
