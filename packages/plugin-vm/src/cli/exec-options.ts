import { type CliContext, type CliOption, NookError, type OptionValues } from '@nook/daemonapi';
import type { ExecRequest } from '../contract.ts';

/** Options of every command that runs a command in a VM. */
export const EXEC_OPTIONS: Readonly<Record<string, CliOption>> = {
  tty: { short: 't', help: 'give the command a terminal (the default when stdin and stdout are one)' },
  env: {
    short: 'e',
    value: 'NAME=VALUE',
    multiple: true,
    help: 'set a variable; NAME alone takes its value from here',
  },
  workdir: { short: 'w', value: 'DIR', help: 'directory to run in (default: the home of the user)' },
  user: { short: 'u', value: 'USER[:GROUP]', help: 'user to run as, by name or number (default root)' },
  detach: { short: 'd', help: 'leave it running and return' },
};

/** The command to run; without one a login shell. */
export function execRequest(context: CliContext, options: OptionValues, argv: readonly string[]): ExecRequest {
  const { stdin, stdout } = context;
  const pty = options.detach !== true && (options.tty === true || (stdin.isTTY === true && stdout.isTTY === true));
  const env = [...variables(options.env as readonly string[] | undefined)];
  if (pty && process.env.TERM) env.unshift(`TERM=${process.env.TERM}`);
  return {
    ...(argv.length > 0 ? { argv } : {}),
    ...(env.length > 0 ? { env } : {}),
    ...(typeof options.workdir === 'string' ? { cwd: options.workdir } : {}),
    ...(typeof options.user === 'string' ? { user: options.user } : {}),
    ...(pty ? { pty: { rows: stdout.rows ?? 24, columns: stdout.columns ?? 80 } } : {}),
    ...(options.detach === true ? { stdin: false } : {}),
  };
}

function* variables(given: readonly string[] = []): Generator<string> {
  for (const text of given) {
    if (/^[^=]+=/.test(text)) yield text;
    else if (text === '' || text.startsWith('=')) throw new NookError('bad_params', `'${text}' is not a variable.`);
    else if (process.env[text] !== undefined) yield `${text}=${process.env[text]}`;
  }
}
