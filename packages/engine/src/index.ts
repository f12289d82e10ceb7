export type { DaemonStatus, DoctorReport, Ping, PluginState, PluginStatus } from './contract.ts';
export { createEngine, type Engine } from './engine.ts';
export type { EngineOptions } from './engine-options.ts';
export type { LocalCallOptions } from './local-call.ts';
export type { LogLevel } from './log.ts';
export { runDaemon } from './run-daemon.ts';
