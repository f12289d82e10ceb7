import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a shell loads to complete this very command line. */
export async function completionOf(shell: 'bash' | 'zsh' | 'fish'): Promise<string> {
  const args = [process.argv[1] ?? '', 'completion', shell];
  return (await promisify(execFile)(process.execPath, args, { timeout: 60_000 })).stdout;
}
