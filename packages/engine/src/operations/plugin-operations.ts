import { NookError, type Operations } from '@nook/daemonapi';
import { mintOpId } from '@nook/wire';
import type { OpContext } from '../op-context.ts';
import type { Wiring } from '../wiring.ts';
import type { OperationTable } from './operation-table.ts';

/** Operations as one plugin sees them. */
export function pluginOperations(
  plugin: string,
  parts: { readonly table: () => OperationTable; readonly wiring: Wiring; readonly context: OpContext },
): Operations {
  const { table, wiring, context } = parts;
  return {
    begin(kind, work) {
      if (!wiring.complete) throw new NookError('internal', `Plugin '${plugin}' begins an operation during setup.`);
      return table().begin({ method: kind, opId: context.opId ?? mintOpId(), work });
    },
    get: (opId) => table().get(opId),
  };
}
