import { randomUUID } from 'node:crypto';
import { accessSync, closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { ExecaError, execa } from 'execa';

const PLACES = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];
/** Package that brings the program. */
const PACKAGES = { ip: 'iproute2', nft: 'nftables', setpriv: 'util-linux', resolvectl: 'systemd-resolved' } as const;
const DEADLINE_MS = 20_000;
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

export type Program = keyof typeof PACKAGES;

/**
 * Runs a program of the system in this process's namespaces: no shell, no environment, a deadline.
 * @param input what it finds at its standard input
 * @returns what it printed
 * @throws NookError `unavailable` when it is not installed, `timeout`, `operation_failed` with what it said
 */
export async function runProgram(program: Program, args: readonly string[], input = ''): Promise<string> {
  const place = placeOf(program);
  const stdin = unnamedFile(input);
  try {
    // execa takes any descriptor; its types name the first few.
    const { stdout } = await execa(place, args, {
      ...{
        env: {},
        extendEnv: false,
        cwd: '/',
        stdin: stdin as 3,
        timeout: DEADLINE_MS,
        killSignal: 'SIGKILL' as const,
      },
      ...{ maxBuffer: MAX_OUTPUT_BYTES, stripFinalNewline: false },
    });
    return stdout;
  } catch (error) {
    throw error instanceof ExecaError ? failure(`${program} ${args.join(' ')}`, error) : error;
  } finally {
    closeSync(stdin);
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

/** nft opens /dev/stdin by that name, which cannot be done with a socket, and Node's pipes are sockets. */
function unnamedFile(content: string): number {
  if (content === '') return openSync('/dev/null', 'r');
  const path = join(tmpdir(), `nook-${randomUUID()}`);
  const file = openSync(path, 'wx+', 0o600);
  // At once: a process that is killed before leaves it.
  unlinkSync(path);
  // At a place of its own: what is written by the descriptor would move where the reader begins.
  writeSync(file, content, 0);
  return file;
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
