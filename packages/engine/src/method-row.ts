import type { MethodDefinition } from '@nook/daemonapi';

// biome-ignore lint/suspicious/noExplicitAny: the table holds methods of every shape
export type AnyMethod = MethodDefinition<any, any, any>;

/** One row of the dispatch table. */
export interface MethodRow {
  readonly name: string;
  readonly plugin: string;
  readonly definition: AnyMethod;
  /** The method whose operation this one begins. */
  readonly begins?: string;
}
