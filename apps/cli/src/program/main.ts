import { cliRegistrations } from '@nook/daemonapi';
import { commandTable } from './command-table.ts';
import { BROKEN_PIPE, OK, USAGE } from './exit-codes.ts';
import { groupHelp } from './help.ts';
import { formatError, reportOf } from './report-error.ts';
import { resolveCommand } from './resolve-command.ts';
import { runCommand } from './run-command.ts';
import { Signals } from './signals.ts';
import { UsageError } from './usage-error.ts';

/** Runs the command line of this process with the registered commands, and ends the process. */
export async function main(argv: readonly string[] = process.argv.slice(2)): Promise<never> {
  const signals = new Signals();
  signals.listen();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(BROKEN_PIPE);
      throw error;
    });
  }
  const code = await run(argv, signals);
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit(code);
}

async function run(argv: readonly string[], signals: Signals): Promise<number> {
  const table = commandTable(cliRegistrations());
  const resolved = resolveCommand(table, argv[0] === '--version' ? ['version', ...argv.slice(1)] : argv);
  switch (resolved.kind) {
    case 'command':
      return runCommand(resolved.command, resolved.args, signals);
    case 'group': {
      const stray = resolved.flags.find((flag) => !GROUP_FLAGS.has(flag));
      if (stray !== undefined) return wrongUsage(argv, `There is no option ${stray} without a command.`);
      process.stdout.write(`${groupHelp(table, resolved.group)}\n`);
      return OK;
    }
    case 'unknown':
      return wrongUsage(argv, `There is no command 'nook ${resolved.words}'.`, resolved.suggestion);
  }
}

const GROUP_FLAGS = new Set(['--help', '-h', '--json']);

function wrongUsage(argv: readonly string[], message: string, suggestion?: string): number {
  const hint = suggestion ? `Did you mean: nook ${suggestion}` : 'See: nook help';
  const report = reportOf(new UsageError(message, hint));
  process.stderr.write(`${formatError(report, argv.includes('--json'))}\n`);
  return USAGE;
}

/** process.exit() would lose what a pipe has not taken yet. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
