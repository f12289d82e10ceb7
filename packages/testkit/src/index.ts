export { type BoundCheck, conformanceChecks } from './conformance/checks.ts';
export type { ConformanceOptions, FeatureSample } from './conformance/options.ts';
export type { Fakes } from './fakes.ts';
export { LeakError } from './leaks/leak-error.ts';
export { type CommandLine, type CommandOutcome, runCommand } from './run-command.ts';
export { buildTar, type TarPart } from './tar-builder.ts';
export { startTestDaemon, type TestConfig, type TestDaemon, type TestDaemonOptions } from './test-daemon.ts';
