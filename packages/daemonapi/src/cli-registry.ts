import type { CliCommand } from './cli.ts';
import { processWide } from './process-wide.ts';

export interface CliRegistration {
  readonly commands: readonly CliCommand[];
}

const registry = processWide<CliRegistration>('nook.daemonapi.cli.v1');

/** Records commands for the `nook` program of this process. A plugin's `cli` entry calls it once. */
export function registerCli(registration: CliRegistration): void {
  registry.push(registration);
}

export function cliRegistrations(): readonly CliRegistration[] {
  return [...registry];
}
