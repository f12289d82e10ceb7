import { type CliCommand, isNookError } from '@nook/daemonapi';
import { mintOpId } from '@nook/wire';
import { CommandContext } from './context.ts';
import { FAILURE, OK, USAGE } from './exit-codes.ts';
import { commandHelp } from './help.ts';
import { createOutput } from './output.ts';
import { parseCommandLine } from './parse-command-line.ts';
import { ProgressLine } from './progress-line.ts';
import { formatError, reportOf } from './report-error.ts';
import type { Signals } from './signals.ts';
import { UsageError } from './usage-error.ts';

/** Runs one command to its exit code. Throws nothing: what fails is told on stderr. */
export async function runCommand(command: CliCommand, args: readonly string[], signals: Signals): Promise<number> {
  const progressLine = new ProgressLine(process.stderr);
  const out = createOutput(process, progressLine);
  let json = args.slice(0, args.indexOf('--') === -1 ? undefined : args.indexOf('--')).includes('--json');
  let context: CommandContext | undefined;
  try {
    const parsed = parseCommandLine(command, args);
    json = parsed.json;
    if (parsed.help) {
      out.line(commandHelp(command));
      return OK;
    }
    context = new CommandContext({ opId: mintOpId(), json, out, progressLine, signals });
    const code = await command.run({ ...parsed, context });
    return signals.exitCode ?? code ?? OK;
  } catch (error) {
    progressLine.end();
    if (signals.exitCode !== undefined) return signals.exitCode;
    out.note(formatError(reportOf(error, context?.called ? context.opId : undefined), json));
    if (process.env.NOOK_DEBUG && !isNookError(error) && error instanceof Error) out.note(error.stack ?? '');
    return error instanceof UsageError ? USAGE : (command.failureExitCode ?? FAILURE);
  } finally {
    progressLine.end();
    await context?.close();
  }
}
