import type { PluginDefinition } from '@nook/daemonapi';
import { describe, test } from 'vitest';
import type { BoundCheck } from './check.ts';
import { conformanceChecks } from './checks.ts';
import type { ConformanceOptions } from './options.ts';
import { vmDriverChecks } from './seams/vm-driver/checks.ts';
import type { VmDriverOptions } from './seams/vm-driver/options.ts';

/** Runs a plugin through everything that holds for every plugin: one vitest test for each. Call it in a test file. */
export function conformance<const Name extends string>(
  // biome-ignore lint/suspicious/noExplicitAny: any config type
  plugin: PluginDefinition<Name, any>,
  options: ConformanceOptions<NoInfer<Name>> = {},
): void {
  describe(`plugin '${plugin.name}'`, () => declare(conformanceChecks(plugin, options)));
}

/**
 * Runs a driver that a plugin contributes to `vm.driver` through what holds for the machines of all. They are booted:
 * let nothing else run beside.
 */
export function vmDriverConformance<const Name extends string>(
  // biome-ignore lint/suspicious/noExplicitAny: any config type
  plugin: PluginDefinition<Name, any>,
  options: VmDriverOptions<NoInfer<Name>>,
): void {
  describe(`driver '${options.driver}'`, () => declare(vmDriverChecks(plugin, options)));
}

function declare(checks: readonly BoundCheck[]): void {
  for (const { name, timeoutMs, run } of checks) {
    test(name, { timeout: timeoutMs }, async ({ skip }) => {
      const outcome = await run();
      if (outcome !== undefined) skip(outcome.skipped);
    });
  }
}
