import type { PluginContext } from '@nook/daemonapi';
import type { VmConfig } from '../config.ts';
import type { Dependencies } from '../machines/dependencies.ts';
import type { Machines } from '../machines/machines.ts';
import * as schema from './change-schemas.ts';
import { prune } from './prune.ts';
import { rename } from './rename.ts';
import { setMachine } from './set-machine.ts';

interface Parts {
  readonly machines: Machines;
  readonly dependencies: Dependencies;
}

/** Rows of the dispatch table that change what a VM is. */
export function registerChangeMethods({ method }: PluginContext<'vm', VmConfig>, parts: Parts): void {
  method('vm.rename', {
    summary: 'Gives a VM another name, also while it runs.',
    access: 'write',
    params: schema.renameParams,
    result: schema.renameResult,
    run: (params, call) => rename(parts, params, call),
  });
  method('vm.set', {
    summary: 'Changes what a VM is: at once, or from its next start on, which is said.',
    access: 'write',
    params: schema.setParams,
    result: schema.setResult,
    run: ({ name, dry_run: dryRun = false, ...settings }, caller) =>
      setMachine(parts.machines.get(name), settings, { dependencies: parts.dependencies, caller, dryRun }),
  });
  method('vm.prune', {
    summary: 'Removes the VMs that do not run, and says what that has freed.',
    access: 'write',
    params: schema.pruneParams,
    result: schema.pruneResult,
    run: (params, call) => prune(parts.machines, params, call),
  });
}
