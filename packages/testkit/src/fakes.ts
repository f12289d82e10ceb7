import { API_VERSION, type Needs } from '@nook/daemonapi';
import type { AnyPlugin } from './any-plugin.ts';

type UnionToIntersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never;

type DeclaredNeeds<Name extends string> = { [P in Name & keyof Needs]: Required<Needs[P]> }[Name & keyof Needs];

/**
 * Capability → stand-in, each of just the shape that the plugins named `Name` declared to rely on. For what their
 * author does not own; a real provider in `plugins` is better wherever there is one.
 */
export type Fakes<Name extends string> = [Name & keyof Needs] extends [never]
  ? Readonly<Record<string, object>>
  : Partial<UnionToIntersection<DeclaredNeeds<Name>>>;

/** Provides each of the stand-ins under its name. */
export function fakesPlugin(name: string, fakes: Readonly<Record<string, unknown>>): AnyPlugin {
  return {
    name,
    api: API_VERSION,
    version: '0.0.0',
    from: import.meta.url,
    setup(context) {
      for (const [capability, fake] of Object.entries(fakes)) context.provide(capability as never, fake as never);
    },
  };
}
