import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';

/** The user's own ssh configuration. Where it is a symlink, what it leads to is written. */
export function userConfigPath(): string {
  return join(process.env.HOME || homedir(), '.ssh', 'config');
}

/**
 * Gives the user's configuration another text, if it is another; its mode stays.
 * @throws NookError `operation_failed` when it cannot be written
 */
export async function changeUserConfig(change: (text: string) => string): Promise<'changed' | 'same'> {
  const path = userConfigPath();
  try {
    const there = await realpath(path).catch(absent);
    const text = there === undefined ? '' : await readFile(there, 'utf8');
    const changed = change(text);
    if (changed === text) return 'same';
    if (there === undefined) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomic(
      there ?? path,
      changed,
      there === undefined ? {} : { mode: (await stat(there)).mode & 0o777 },
    );
    return 'changed';
  } catch (cause) {
    throw new NookError('operation_failed', `'${path}' could not be changed: ${(cause as Error).message}.`, {
      hint: 'nook ssh-config alone prints what ssh needs; put it there by hand.',
      cause,
    });
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
