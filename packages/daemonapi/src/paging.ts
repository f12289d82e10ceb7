import type { RpcMethods } from './rpc.ts';

/**
 * Params of a list that grows with what there is. What is more than one answer holds is refused with `operation_failed`,
 * never cut short. The order is the same with and without them.
 */
export interface Page<After> {
  /** At most so many items; all, or what the method says, when absent. Fewer than these mean that there are no more. */
  readonly limit?: number | undefined;
  /** Only what comes after this item, given as it was answered or with these fields of it. It may be gone by now. */
  readonly after?: After | undefined;
}

/** Methods that answer a list in pages: their params extend {@link Page}. */
export type PagedMethod = {
  [M in keyof RpcMethods & string]: 'after' extends keyof RpcMethods[M]['params'] ? M : never;
}[keyof RpcMethods & string];

/** What such a method lists: its result is an array, or an object that holds one. */
export type ItemOf<M extends PagedMethod> = Item<RpcMethods[M]['result']>;

type Item<Result> = Result extends readonly (infer T)[]
  ? T
  : { [K in keyof Result]: Result[K] extends readonly (infer T)[] ? T : never }[keyof Result];
