import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';

/**
 * Tells one build of a program from any other, without running it: that would cost every start of a VM 20 ms. It asks the
 * kernel directly, in microseconds; a turn through the thread pool for each folder of the PATH takes milliseconds.
 * @throws NookError `unavailable` when there is no such program on the PATH
 */
export function programStamp(program: string): string {
  const folders = program.includes('/') ? [''] : (process.env.PATH ?? '').split(':');
  for (const folder of folders) {
    const path = folder === '' ? program : join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      const { ino, size, mtimeMs } = statSync(path);
      return [path, ino, size, mtimeMs].join(':');
    } catch {
      // Not there: the next folder may have it.
    }
  }
  throw new NookError('unavailable', `The program '${program}' cannot be run.`, {
    hint: 'Install it (Debian: apt install qemu-system-x86), or name another one in [vm] qemu.',
  });
}
