import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';

/**
 * Tells one build of a program from any other, without running it: that would cost every start of a VM 20 ms.
 * @throws NookError `unavailable` when there is no such program on the PATH
 */
export async function programStamp(program: string): Promise<string> {
  const folders = program.includes('/') ? [''] : (process.env.PATH ?? '').split(':');
  for (const folder of folders) {
    const path = folder === '' ? program : join(folder, program);
    try {
      await access(path, constants.X_OK);
      const { ino, size, mtimeMs } = await stat(path);
      return [path, ino, size, mtimeMs].join(':');
    } catch {
      // Not there: the next folder may have it.
    }
  }
  throw new NookError('unavailable', `The program '${program}' cannot be run.`, {
    hint: 'Install it (Debian: apt install qemu-system-x86), or name another one in [vm] qemu.',
  });
}
