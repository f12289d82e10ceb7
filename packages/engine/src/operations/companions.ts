import { NookError } from '@nook/daemonapi';
import type { MethodRow } from '../method-row.ts';
import { byOpId, operationView } from './operation-schemas.ts';
import type { OperationTable } from './operation-table.ts';

/** The rows that a method has beside its own when it is an operation. */
export function companions(row: MethodRow, operations: () => OperationTable): MethodRow[] {
  const { name, plugin, definition } = row;
  const { params, run } = definition;
  return [
    {
      name: `${name}.begin`,
      plugin,
      begins: name,
      definition: {
        summary: `Begins '${name}' as an operation and answers at once.`,
        access: definition.access,
        params,
        result: operationView,
        run,
      },
    },
    {
      name: `${name}.status`,
      plugin,
      definition: {
        summary: `Tells how an operation of '${name}' is doing.`,
        access: 'read',
        params: byOpId,
        result: operationView,
        run: ({ op_id }: { op_id: string }) => operations().view(op_id, name),
      },
    },
    {
      name: `${name}.cancel`,
      plugin,
      definition: {
        summary: `Asks an operation of '${name}' to stop; one that has ended stays as it is.`,
        access: definition.access,
        params: byOpId,
        result: operationView,
        run: ({ op_id }: { op_id: string }) => {
          operations().view(op_id, name);
          operations().cancel(op_id, cancelledByCaller());
          return operations().view(op_id, name);
        },
      },
    },
  ];
}

export function cancelledByCaller(): NookError {
  return new NookError('cancelled', 'The operation was cancelled.');
}
