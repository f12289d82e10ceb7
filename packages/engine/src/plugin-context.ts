import {
  type Clock,
  type Dirs,
  type EventBus,
  type Logger,
  NookError,
  type Operations,
  type PluginContext,
  type Store,
  type VersionInfo,
} from '@nook/daemonapi';
import type { AnyMethod } from './method-row.ts';
import type { Wiring } from './wiring.ts';

export interface ContextParts {
  readonly name: string;
  readonly wiring: Wiring;
  readonly log: Logger;
  readonly config: unknown;
  readonly dirs: Dirs;
  readonly store: Store;
  readonly events: EventBus;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly version: VersionInfo;
}

// biome-ignore lint/suspicious/noExplicitAny: names and shapes are those of plugins that the engine does not know
type AnyContext = PluginContext<any, any>;

/** What `setup` of one plugin is given. Wiring is refused once it is complete. */
export function pluginContext({ wiring, ...parts }: ContextParts): AnyContext {
  const { name: plugin } = parts;
  const wire = <T>(what: string, work: () => T): T => {
    if (!wiring.complete) return work();
    throw new NookError('internal', `Plugin '${plugin}' calls ${what} after setup.`);
  };
  const context = {
    ...parts,
    need: (capability: string) => wire('need', () => wiring.capabilities.need({ plugin, capability, required: true })),
    want: (capability: string) => wire('want', () => wiring.capabilities.need({ plugin, capability, required: false })),
    provide: (capability: string, implementation: object) =>
      wire('provide', () => wiring.capabilities.provide(plugin, capability, implementation)),
    contribute: (point: string, value: unknown) =>
      wire('contribute', () => wiring.contribute(point, { plugin, value })),
    contributions: (point: string) => wiring.contributions(point),
    method: (name: string, definition: AnyMethod) => wire('method', () => wiring.method({ name, plugin, definition })),
  };
  return context as AnyContext;
}
