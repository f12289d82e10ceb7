import type { CliCommand } from './cli.ts';

export interface CliRegistration {
  readonly commands: readonly CliCommand[];
}

const KEY = Symbol.for('nook.daemonapi.cli.v1');
const registry: CliRegistration[] = ((globalThis as Record<symbol, unknown>)[KEY] ??= []) as CliRegistration[];

/** Records commands for the `nook` program of this process. A plugin's `cli` entry calls it once. */
export function registerCli(registration: CliRegistration): void {
  registry.push(registration);
}

export function cliRegistrations(): readonly CliRegistration[] {
  return [...registry];
}
