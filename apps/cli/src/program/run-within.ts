import { type CliContext, type CliStreams, cliRegistrations, NookError } from '@nook/daemonapi';
import { commandTable } from './command-table.ts';
import { OK } from './exit-codes.ts';
import { createOutput } from './output.ts';
import { parseCommandLine } from './parse-command-line.ts';
import type { ProgressLine } from './progress-line.ts';
import { resolveCommand } from './resolve-command.ts';

interface Within {
  readonly streams: CliStreams | undefined;
  readonly progressLine: ProgressLine;
}

/** Runs a command inside of another one, with streams of its own. Throws what it throws. */
export async function runWithin(
  context: CliContext,
  words: readonly string[],
  { streams = {}, progressLine }: Within,
): Promise<number> {
  const resolved = resolveCommand(commandTable(cliRegistrations()), words);
  if (resolved.kind !== 'command') {
    throw new NookError('bad_params', `There is no command 'nook ${words.join(' ')}' in this program.`, {
      hint: 'Import the plugin that has it, in the entry file of nook.',
    });
  }
  const parsed = parseCommandLine(resolved.command, resolved.args);
  const { call, list, stream, run, onSignal, progress, opId, signal } = context;
  const { stdin = context.stdin, stdout = context.stdout, stderr = context.stderr } = streams;
  const inner: CliContext = {
    ...{ call, list, stream, run, onSignal, progress, opId, signal, json: parsed.json },
    stdin: stdin as NodeJS.ReadStream,
    stdout: stdout as NodeJS.WriteStream,
    stderr: stderr as NodeJS.WriteStream,
    out: createOutput({ stdout, stderr }, progressLine),
  };
  return (await resolved.command.run({ ...parsed, context: inner })) ?? OK;
}
