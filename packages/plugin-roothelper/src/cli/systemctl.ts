import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { NookError } from '@nook/daemonapi';
import { DAEMON_UNIT, HELPER_UNIT, SOCKET_UNIT } from './units.ts';

const DEADLINE_MS = 90_000;

/** The helper first: the daemon finds it when it starts. */
export const UNITS = [HELPER_UNIT, SOCKET_UNIT, DAEMON_UNIT] as const;

/** @throws NookError `unavailable` without systemd, `operation_failed` with what it said */
export async function systemctl(...args: readonly string[]): Promise<void> {
  await run(args).catch((cause: NodeJS.ErrnoException & { stderr?: string }) => {
    if (cause.code === 'ENOENT') throw new NookError('unavailable', 'This host has no systemd.', { cause });
    throw new NookError('operation_failed', `systemctl ${args.join(' ')}: ${cause.stderr?.trim() || cause.message}`, {
      cause,
    });
  });
}

/** What systemd says of a unit; `unknown` where it says nothing. */
export async function unitState(name: string): Promise<{ name: string; state: string; enabled: string }> {
  const answer = await run(['show', '--property=ActiveState,UnitFileState', name]).catch(() => ({ stdout: '' }));
  const of = (key: string) => new RegExp(`^${key}=(.+)$`, 'm').exec(answer.stdout)?.[1];
  return { name, state: of('ActiveState') ?? 'unknown', enabled: of('UnitFileState') ?? 'not installed' };
}

function run(args: readonly string[]): Promise<{ stdout: string }> {
  return promisify(execFile)('systemctl', args, { timeout: DEADLINE_MS });
}
