import { closeSync } from 'node:fs';
import { NookError } from '@nook/daemonapi';
import { execa } from 'execa';
import koffi from 'koffi';

/** <linux/memfd.h> and <linux/fcntl.h> */
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const F_SEAL_WRITE = 8;

/**
 * Copies of templates' memory that machines of different users may open for writing, as QEMU insists to, and that
 * nobody can write to: each machine maps it privately. Kept in this process's memory until it ends.
 */
export class SealedMemory {
  readonly #copies = new Map<string, Promise<number>>();

  /**
   * @param file the memory of the template `key`
   * @returns a path by which root opens the copy, while this process lives
   */
  async path(key: string, file: string): Promise<string> {
    const copy = this.#copies.get(key) ?? seal(file);
    this.#copies.set(key, copy);
    copy.catch(() => this.#copies.delete(key));
    return `/proc/${process.pid}/fd/${await copy}`;
  }

  /** Lets go of all copies but those of these templates. Machines that map one go on. */
  async keep(keys: readonly string[]): Promise<void> {
    for (const [key, copy] of this.#copies) {
      if (keys.includes(key)) continue;
      this.#copies.delete(key);
      await copy.then(closeSync, () => {});
    }
  }
}

async function seal(file: string): Promise<number> {
  const library = koffi.load(null);
  const fd = library.func('int memfd_create(const char *, unsigned int)')(
    'nook-template',
    MFD_CLOEXEC | MFD_ALLOW_SEALING,
  ) as number;
  if (fd < 0) throw refused('there is no memory file');
  try {
    await execa('cp', ['--sparse=always', file, `/proc/${process.pid}/fd/${fd}`]);
    const seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (library.func('int fcntl(int, int, int)')(fd, F_ADD_SEALS, seals) !== 0) throw refused('it cannot be sealed');
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function refused(why: string): NookError {
  return new NookError('unavailable', `The memory of a template cannot be shared: ${why}.`);
}
