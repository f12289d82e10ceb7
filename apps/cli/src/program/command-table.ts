import type { CliCommand, CliRegistration } from '@nook/daemonapi';
import { extendCommand } from './extend-command.ts';

/** Words → command, aliases included. */
export type CommandTable = ReadonlyMap<string, CliCommand>;

/** @throws Error when two commands answer to the same words: a fault of the program, not of its user */
export function commandTable(registrations: readonly CliRegistration[]): CommandTable {
  const table = new Map<string, CliCommand>();
  const extensions = registrations.flatMap((registration) => registration.extensions ?? []);
  for (const own of registrations.flatMap(({ commands }) => commands)) {
    const command = extensions.filter((extension) => extension.command === own.name).reduce(extendCommand, own);
    for (const name of [command.name, ...(command.aliases ?? [])]) {
      if (table.has(name)) throw new Error(`Two commands are called 'nook ${name}'.`);
      table.set(name, command);
    }
  }
  return table;
}

/** The commands under a group of words (all of them for ''), in order of registration: a plugin puts its most used first. */
export function commandsUnder(table: CommandTable, group: string): CliCommand[] {
  return [...new Set(table.values())].filter(
    ({ name }) => group === '' || name === group || name.startsWith(`${group} `),
  );
}
