import { open, readFile } from 'node:fs/promises';
import { NookError } from '@nook/daemonapi';
import { isNoSpace } from '../errors.ts';
import { bzImagePayload } from './bzimage.ts';
import { hasPvhNote } from './pvh-note.ts';
import { unpackPayload } from './unpack-payload.ts';

/** Takes the uncompressed kernel out of a bzImage. @throws NookError `operation_failed` when it cannot be booted directly */
export async function writeVmlinux(bzimage: string, output: string): Promise<{ bytes: number }> {
  const image = await readFile(bzimage);
  let elf: Buffer;
  try {
    elf = unpackPayload(bzImagePayload(image));
  } catch (error) {
    throw new NookError('operation_failed', `The kernel image cannot be unpacked: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  if (!hasPvhNote(elf)) {
    throw new NookError('operation_failed', 'The kernel has no PVH entry, so it cannot be booted directly.', {
      hint: 'Use a kernel that is built with CONFIG_PVH.',
    });
  }
  const file = await open(output, 'wx', 0o444);
  try {
    // QEMU may run under a uid of its own: it inherits the open file and opens it once more.
    await file.chmod(0o444);
    await file.writeFile(elf);
    await file.sync();
  } catch (error) {
    throw isNoSpace(error) ? new NookError('unavailable', 'No space is left on the disk of the store.') : error;
  } finally {
    await file.close();
  }
  return { bytes: elf.length };
}
