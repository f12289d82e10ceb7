import { type CliCommand, cliRegistrations } from '@nook/daemonapi';
import { commandTable } from '../program/command-table.ts';
import { EXIT_CODES_HELP } from '../program/exit-codes.ts';
import { commandHelp, groupHelp } from '../program/help.ts';
import { resolveCommand } from '../program/resolve-command.ts';
import { UsageError } from '../program/usage-error.ts';

export const help: CliCommand = {
  name: 'help',
  summary: 'Show the commands, or what one of them takes',
  positionals: [{ name: 'command', rest: true, help: 'words of a command or of a group, or `exit-codes`' }],
  examples: ['nook help vm run', 'nook help exit-codes'],
  run({ positionals, context }) {
    const words = positionals.command as readonly string[];
    if (words.join(' ') === 'exit-codes') {
      context.out.line(EXIT_CODES_HELP);
      return;
    }
    const table = commandTable(cliRegistrations());
    const resolved = resolveCommand(table, words);
    if (resolved.kind === 'command') context.out.line(commandHelp(resolved.command));
    else if (resolved.kind === 'group') context.out.line(groupHelp(table, resolved.group));
    else {
      const hint = resolved.suggestion ? `Did you mean: nook help ${resolved.suggestion}` : 'See: nook help';
      throw new UsageError(`There is no command 'nook ${resolved.words}'.`, hint);
    }
  },
};
