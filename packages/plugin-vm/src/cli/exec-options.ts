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
  interactive: { short: 'i', help: 'with -d: keep stdin open for who attaches (otherwise it is forwarded anyway)' },
  'on-disconnect': {
    value: 'keep|kill',
    help: 'when the client goes: the command runs on (default), or ends',
  },
  detach: { short: 'd', help: 'leave it running and return' },
};

/** The command to run; without one a login shell. */
export function execRequest(context: CliContext, options: OptionValues, argv: readonly string[]): ExecRequest {
  const { stdin, stdout } = context;
  const detach = options.detach === true;
  const pty = options.tty === true || (!detach && stdin.isTTY === true && stdout.isTTY === true);
  const env = [...variables(options.env as readonly string[] | undefined)];
  if (pty && process.env.TERM) env.unshift(`TERM=${process.env.TERM}`);
  return {
    ...(argv.length > 0 ? { argv } : {}),
    ...(env.length > 0 ? { env } : {}),
    ...(typeof options.workdir === 'string' ? { cwd: options.workdir } : {}),
    ...(typeof options.user === 'string' ? { user: options.user } : {}),
    ...(pty ? { pty: { rows: stdout.rows ?? 24, columns: stdout.columns ?? 80 } } : {}),
    ...(detach && !pty && options.interactive !== true ? { stdin: false } : {}),
    ...onDisconnect(options['on-disconnect']),
  };
}

function onDisconnect(given: OptionValues[string]): Pick<ExecRequest, 'on_disconnect'> {
  if (given === undefined) return {};
  if (given === 'keep' || given === 'kill') return { on_disconnect: given };
  throw new NookError('bad_params', `--on-disconnect is keep or kill, not '${given}'.`);
}

function* variables(given: readonly string[] = []): Generator<string> {
  for (const text of given) {
    if (/^[^=]+=/.test(text)) yield text;
    else if (text === '' || text.startsWith('=')) throw new NookError('bad_params', `'${text}' is not a variable.`);
    else if (process.env[text] !== undefined) yield `${text}=${process.env[text]}`;
  }
}
