import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NookError } from '@nook/daemonapi';

const STICKY = 0o1000;

/**
 * Checks that only root can change what stands at a path: it, and every directory above it, wherever links lead.
 * @returns the path without links
 * @throws NookError `unavailable` when it is missing, or somebody else could change it
 */
export async function requireTrusted(path: string): Promise<string> {
  const real = await realpath(path).catch((cause) => {
    throw new NookError('unavailable', `'${path}' is not there.`, { hint: 'npm run build', cause });
  });
  for (let at = real; ; at = dirname(at)) {
    const { uid, mode } = await lstat(at);
    // In a directory like /tmp others make files, and replace none.
    const changeable = (mode & 0o022) !== 0 && !(at !== real && (mode & STICKY) !== 0);
    if (uid !== 0 || changeable) {
      throw new NookError(
        'unavailable',
        `'${at}' can be changed by others than root, and root would run what is there.`,
        {
          hint: 'Install from a copy that is root’s: git clone … /opt/nook, as root, and /opt/nook/nook system install --owner USER',
        },
      );
    }
    if (at === '/') return real;
  }
}
