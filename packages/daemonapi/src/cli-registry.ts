import type { CliCommand, CliExtension } from './cli.ts';
import { processWide } from './process-wide.ts';
import type { RpcMethods } from './rpc.ts';

export interface CliRegistration {
  readonly commands: readonly CliCommand[];
  readonly extensions?: readonly CliExtension[];
  /**
   * What an argument or a value is called (`VM`; upper and lower case are one) → the method that lists what may stand
   * there, called without params. Completion offers the `name` of each item.
   */
  readonly names?: Readonly<Record<string, keyof RpcMethods & string>>;
}

const registry = processWide<CliRegistration>('nook.daemonapi.cli.v1');

/** Records commands for the `nook` program of this process. A plugin's `cli` entry calls it once. */
export function registerCli(registration: CliRegistration): void {
  registry.push(registration);
}

export function cliRegistrations(): readonly CliRegistration[] {
  return [...registry];
}
