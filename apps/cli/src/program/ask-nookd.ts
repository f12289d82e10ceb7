import { spawn } from 'node:child_process';
import { NookError } from '@nook/daemonapi';
import { defaultDaemonCommand } from './default-daemon-command.ts';

/** How long the daemon's program may take to answer. */
const TIMEOUT_MS = 60_000;

/**
 * Runs the program of this home's daemon with a question that it answers without starting anything.
 * @returns its exit code and, with `capture`, what it wrote to stdout
 */
export async function askNookd(
  args: readonly string[],
  { capture = false }: { readonly capture?: boolean } = {},
): Promise<{ readonly code: number; readonly stdout: string }> {
  const { daemonCommand } = await import('@nook/client');
  const [program = '', ...before] = await daemonCommand(process.env, defaultDaemonCommand());
  const child = spawn(program, [...before, ...args], {
    stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
    timeout: TIMEOUT_MS,
  });
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  return await new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new NookError('unavailable', `The daemon's program '${program}' cannot be run: ${error.message}`, {
          hint: 'Look at [daemon] command in config.toml.',
        }),
      ),
    );
    child.once('close', (code) => resolve({ code: code ?? 1, stdout }));
  });
}
