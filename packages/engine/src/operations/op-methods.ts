import { NookError, type OperationView } from '@nook/daemonapi';
import { z } from 'zod';
import { type OwnRow, row } from '../own-row.ts';
import { cancelledByCaller } from './companions.ts';
import { byOpId, operationState, operationView, opId } from './operation-schemas.ts';
import type { OperationTable } from './operation-table.ts';

/** The `op.*` rows of the dispatch table. */
export function opMethods(operations: OperationTable): readonly OwnRow[] {
  return [
    row('op.list', {
      summary: 'Lists operations, the latest first, without their results.',
      access: 'read',
      params: z.strictObject({
        state: operationState.optional(),
        method: z.string().max(256).optional(),
        limit: z.number().int().min(1).max(10_000).default(100),
        after: z.object({ begun_at: z.number(), op_id: opId }).optional(),
      }),
      result: z.object({ operations: z.array(operationView) }),
      run: (filter) => ({ operations: operations.list(filter) }),
    }),
    row('op.status', {
      summary: 'Tells how an operation is doing.',
      access: 'read',
      params: byOpId,
      result: operationView,
      run: ({ op_id }) => operations.view(op_id),
    }),
    row('op.wait', {
      summary: 'Answers when an operation has ended, or the time is up.',
      access: 'read',
      params: z.strictObject({ op_id: opId, timeout_seconds: z.number().min(0).max(86_400).optional() }),
      result: operationView,
      run: ({ op_id, timeout_seconds }, call) => wait(operations, { op_id, timeout_seconds, call }),
    }),
    row('op.cancel', {
      summary: 'Asks an operation to stop; one that has ended stays as it is.',
      access: 'write',
      params: byOpId,
      result: operationView,
      run: ({ op_id }) => {
        operations.view(op_id);
        operations.cancel(op_id, cancelledByCaller());
        return operations.view(op_id);
      },
    }),
  ];
}

interface Wait {
  readonly op_id: string;
  readonly timeout_seconds: number | undefined;
  readonly call: { readonly signal: AbortSignal; progress(update: object): void };
}

async function wait(operations: OperationTable, { op_id, timeout_seconds, call }: Wait): Promise<OperationView> {
  const done = operations.view(op_id) && operations.done(op_id);
  if (done === undefined || timeout_seconds === 0) return operations.view(op_id);
  const end = Promise.withResolvers<void>();
  const onAbort = () => end.reject(call.signal.reason ?? new NookError('cancelled', 'The call was cancelled.'));
  const timer = timeout_seconds === undefined ? undefined : setTimeout(end.resolve, timeout_seconds * 1000);
  const unfollow = operations.follow(op_id, (progress) => call.progress(progress));
  if (call.signal.aborted) onAbort();
  call.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([done.then(undefined, () => {}), end.promise]);
    return operations.view(op_id);
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', onAbort);
    unfollow();
  }
}
