import type { PluginDefinition } from './plugin.ts';
import { processWide } from './process-wide.ts';

/** Version of the contract in this package. */
export const API_VERSION = 1;

export interface Registration {
  // biome-ignore lint/suspicious/noExplicitAny: the registry holds plugins of every config type
  readonly definition: PluginDefinition<any, any>;
}

const KEY = 'nook.daemonapi.v1';
const registry = processWide<Registration>(KEY);

/** Records a plugin for the engine of this process. Does nothing else: faults are reported by the engine when it loads. */
// biome-ignore lint/suspicious/noExplicitAny: any config type
export function registerPlugin(definition: PluginDefinition<any, any>): void {
  registry.push({ definition });
}

/** Names of the registered plugins, sorted. */
export function registered(): readonly string[] {
  return registry.map(({ definition }) => definition.name).sort();
}

/**
 * The registrations themselves, in order of registration. For engines. Those made through a package of another version
 * of the contract are among them, so that they are refused and not overlooked.
 */
export function registrations(): readonly Registration[] {
  return [...registry, ...otherVersions()];
}

function otherVersions(): Registration[] {
  const keys = Object.getOwnPropertySymbols(globalThis).filter(
    (key) => key !== Symbol.for(KEY) && /^nook\.daemonapi\.v\d+$/.test(Symbol.keyFor(key) ?? ''),
  );
  return keys.flatMap((key) => (globalThis as Record<symbol, unknown>)[key] as Registration[]);
}
