export type { BoundCheck } from './conformance/check.ts';
export { conformanceChecks } from './conformance/checks.ts';
export type { ConformanceOptions } from './conformance/options.ts';
export { vmDriverChecks } from './conformance/seams/vm-driver/checks.ts';
export type { VmDriverOptions } from './conformance/seams/vm-driver/options.ts';
export type { Fakes } from './fakes.ts';
export { LeakError } from './leaks/leak-error.ts';
export { type CommandLine, type CommandOutcome, runCommand } from './run-command.ts';
export { startTestDaemon, type TestConfig, type TestDaemon, type TestDaemonOptions } from './test-daemon.ts';
