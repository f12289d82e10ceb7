import type { PluginContext } from '@nook/daemonapi';
import type { VmConfig } from '../config.ts';
import type { Machines } from '../machines/machines.ts';
import * as schema from '../schemas.ts';

/** The rows of the dispatch table that save machines. */
export function registerSavedMethods({ method }: PluginContext<'vm', VmConfig>, machines: Machines): void {
  method('vm.suspend', {
    summary: 'Saves the memory of a VM and ends it, to go on later where it was.',
    access: 'write',
    params: schema.named,
    result: schema.vmView,
    run: ({ name }, call) => machines.get(name).suspend(call),
  });
}
