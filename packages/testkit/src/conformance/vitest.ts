import type { PluginDefinition } from '@nook/daemonapi';
import { describe, test } from 'vitest';
import { conformanceChecks } from './checks.ts';
import type { ConformanceOptions } from './options.ts';

/** Runs a plugin through everything that holds for every plugin: one vitest test for each. Call it in a test file. */
export function conformance<const Name extends string>(
  // biome-ignore lint/suspicious/noExplicitAny: any config type
  plugin: PluginDefinition<Name, any>,
  options: ConformanceOptions<NoInfer<Name>> = {},
): void {
  describe(`plugin '${plugin.name}'`, () => {
    for (const { name, timeoutMs, run } of conformanceChecks(plugin, options)) test(name, run, timeoutMs);
  });
}
