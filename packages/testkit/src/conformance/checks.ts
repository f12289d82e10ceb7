import type { PluginDefinition } from '@nook/daemonapi';
import { capabilityChecks } from './capability-checks.ts';
import type { BoundCheck, ConformanceCheck } from './check.ts';
import { configChecks } from './config-checks.ts';
import { eventChecks } from './event-checks.ts';
import { hookChecks } from './hook-checks.ts';
import { lifecycleChecks } from './lifecycle-checks.ts';
import { needChecks } from './need-checks.ts';
import { type ConformanceOptions, subject } from './options.ts';
import { doctorCheckSeam } from './seams/doctor-check.ts';
import { egressPolicySeam } from './seams/egress-policy.ts';
import { imageCatalogSeam } from './seams/image-catalog.ts';
import { imageSourceSeam } from './seams/image-source.ts';
import { kernelSourceSeam } from './seams/kernel-source.ts';
import { toolingDetectorSeam } from './seams/tooling-detector.ts';
import { vmDriverSeam } from './seams/vm-driver.ts';
import { vmFeatureSeam } from './seams/vm-feature.ts';
import { vmPortSeam } from './seams/vm-port.ts';

/** Extension point → what holds for everything contributed to it. */
const SEAMS: Readonly<Record<string, readonly ConformanceCheck[]>> = {
  'doctor.check': doctorCheckSeam,
  'image.source': imageSourceSeam,
  'image.catalog': imageCatalogSeam,
  'kernel.source': kernelSourceSeam,
  'vm.feature': vmFeatureSeam,
  'vm.port': vmPortSeam,
  'vm.driver': vmDriverSeam,
  'egress.policy': egressPolicySeam,
  'workspace.tooling': toolingDetectorSeam,
};

const CHECKS: readonly ConformanceCheck[] = [
  ...lifecycleChecks,
  ...hookChecks,
  ...needChecks,
  ...configChecks,
  ...capabilityChecks,
  ...eventChecks,
  ...Object.values(SEAMS).flat(),
];

/** Where a check does not say how long it may take. */
const TIMEOUT_MS = 30_000;

/** The conformance suite as data, for any test runner. Each check runs daemons of its own, and looks for leaks in each. */
export function conformanceChecks<const Name extends string>(
  // biome-ignore lint/suspicious/noExplicitAny: any config type
  plugin: PluginDefinition<Name, any>,
  options: ConformanceOptions<NoInfer<Name>> = {},
): readonly BoundCheck[] {
  return CHECKS.map(({ name, timeoutMs = TIMEOUT_MS, run }) => ({
    name,
    timeoutMs,
    run: () => run(subject(plugin, options)),
  }));
}
