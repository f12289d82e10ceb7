import type { CliCommand, CliExtension } from '@nook/daemonapi';

/**
 * A command with what a plugin adds to it.
 * @throws Error when both have an option of one name, or the command has no place for more words: a fault of the program
 */
export function extendCommand(command: CliCommand, extension: CliExtension): CliCommand {
  const { positionals = [], options = {}, examples = [] } = extension;
  const taken = Object.keys(options).find((name) => Object.hasOwn(command.options ?? {}, name));
  if (taken !== undefined) throw new Error(`'nook ${command.name}' has an option --${taken} already.`);
  if (positionals.length > 0 && command.positionals?.at(-1)?.rest === true) {
    throw new Error(`'nook ${command.name}' takes all words already.`);
  }
  return {
    ...command,
    positionals: [...(command.positionals ?? []), ...positionals],
    options: { ...command.options, ...options },
    examples: [...(command.examples ?? []), ...examples],
    run: (invocation) => extension.run(invocation, async (given) => (await command.run(given)) ?? 0),
  };
}
