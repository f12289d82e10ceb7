import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { type CliContext, NookError } from '@nook/daemonapi';

/**
 * Runs the OpenSSH client with this program's stdio.
 * @returns its exit code
 * @throws NookError `unavailable` when there is none
 */
export async function runSsh(context: CliContext, args: readonly string[]): Promise<number> {
  const child = spawn('ssh', args, { stdio: 'inherit' });
  using _signals = context.onSignal((signal) => void child.kill(signal));
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + constants.signals[signal as NodeJS.Signals];
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new NookError('unavailable', 'There is no ssh on this host.', {
      hint: 'Install it (Debian: apt-get install openssh-client), or use: nook vm exec -t VM',
      cause,
    });
  }
}
