import type { MethodDefinition, RpcMethods } from '@nook/daemonapi';
import type { AnyMethod } from './method-row.ts';

export type OwnRow = readonly [name: string, definition: AnyMethod];

/** A row of the engine's own, checked against its contract by the compiler. */
export function row<M extends keyof RpcMethods & string, Params>(
  name: M,
  definition: MethodDefinition<Params, RpcMethods[M]['params'], RpcMethods[M]['result']>,
): OwnRow {
  return [name, definition];
}
