export type { DaemonStatus, DoctorReport, Ping, PluginState, PluginStatus, ReloadReport } from './contract.ts';
export { createEngine, type Engine } from './engine.ts';
export type { EngineOptions } from './engine-options.ts';
export type { LocalCallOptions } from './local-call.ts';
export type { LogLevel } from './log.ts';
export type { Plan } from './plan.ts';
export { runDaemon } from './run-daemon.ts';
