import type { PluginContext } from '@nook/daemonapi';
import type { VmConfig } from '../config.ts';
import type { Dependencies } from '../machines/dependencies.ts';
import type { Machines } from '../machines/machines.ts';
import * as schema from './change-schemas.ts';
import { rename } from './rename.ts';

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
}
