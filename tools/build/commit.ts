import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Abbreviated commit of the checkout, with `-dirty` when tracked files differ from it; `unknown` outside of git. */
export async function commitOf(root: string): Promise<string> {
  // The checkout may belong to someone else than the user who sets it up.
  const git = (...args: string[]) =>
    run('git', ['-c', `safe.directory=${root}`, '-c', 'core.fsmonitor=false', '-C', root, ...args]);
  try {
    const { stdout } = await git('rev-parse', '--short', 'HEAD');
    const { stdout: changes } = await git('status', '--porcelain', '--untracked-files=no');
    return stdout.trim() + (changes === '' ? '' : '-dirty');
  } catch {
    return 'unknown';
  }
}
