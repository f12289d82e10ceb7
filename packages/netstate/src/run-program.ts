import { accessSync, constants } from 'node:fs';
import { NookError } from '@nook/daemonapi';
import { ExecaError, execa } from 'execa';

const PLACES = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];
/** Package that brings the program. */
const PACKAGES = { nft: 'nftables', setpriv: 'util-linux', resolvectl: 'systemd-resolved' } as const;
const DEADLINE_MS = 20_000;

export type Program = keyof typeof PACKAGES;

/**
 * Runs a program of the system in this process's namespaces: no shell, no environment, no input, a deadline.
 * @throws NookError `unavailable` when it is not installed, `timeout`, `operation_failed` with what it said
 */
export async function runProgram(program: Program, args: readonly string[]): Promise<void> {
  const limits = { timeout: DEADLINE_MS, killSignal: 'SIGKILL' } as const;
  try {
    await execa(placeOf(program), args, { env: {}, extendEnv: false, cwd: '/', stdin: 'ignore', ...limits });
  } catch (error) {
    throw error instanceof ExecaError ? failure(`${program} ${args.join(' ')}`, error) : error;
  }
}

function failure(what: string, error: ExecaError): NookError {
  if (error.timedOut) {
    return new NookError('timeout', `'${what}' did not end in ${DEADLINE_MS / 1000} s.`, { cause: error });
  }
  const said =
    String(error.stderr ?? '')
      .trim()
      .slice(0, 2000) || error.shortMessage;
  return new NookError('operation_failed', `'${what}' failed: ${said}`, { cause: error });
}

/** @throws NookError `unavailable` */
export function placeOf(program: Program): string {
  for (const place of PLACES) {
    try {
      accessSync(`${place}/${program}`, constants.X_OK);
      return `${place}/${program}`;
    } catch {}
  }
  throw new NookError('unavailable', `The program '${program}' is not installed.`, {
    hint: `Install the package '${PACKAGES[program]}'.`,
  });
}
