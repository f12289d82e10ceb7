import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { chmod, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmDeviceBus } from '@nook/daemonapi';
import { buildInitramfs, guestInitPath, guestModules, SHARE_MODULES } from '@nook/guest';

interface Kernel {
  readonly digest: string;
  readonly modules: string;
  readonly initrd: string | null;
}

interface Contents {
  readonly devices: VmDeviceBus;
  /** With what folders of the host need. */
  readonly mounts: boolean;
}

/** The initramfs files of this home, one for each kernel, guest build and contents, made when first needed. */
export class Initramfs {
  readonly #dir: string;
  #build: { readonly stamp: string; readonly digest: string } | undefined;
  readonly #building = new Map<string, Promise<string>>();

  constructor(cacheDir: string) {
    this.#dir = cacheDir;
  }

  /** @returns its path */
  async ensure(kernel: Kernel, contents: Contents): Promise<string> {
    const init = guestInitPath();
    const build = await this.#buildOf(init);
    const name = `initramfs-${kernel.digest.replace(/^sha256:/, '').slice(0, 16)}-${build.slice(0, 16)}-${contents.devices}${contents.mounts ? '-mounts' : ''}.cpio`;
    const running = this.#building.get(name) ?? this.#make(join(this.#dir, name), init, { kernel, contents });
    this.#building.set(name, running);
    return running.finally(() => this.#building.delete(name));
  }

  async #buildOf(init: string): Promise<string> {
    const { ino, size, mtimeMs } = statSync(init);
    const stamp = [init, ino, size, mtimeMs].join(':');
    if (this.#build?.stamp !== stamp) {
      this.#build = {
        stamp,
        digest: createHash('sha256')
          .update(await readFile(init))
          .digest('hex'),
      };
    }
    return this.#build.digest;
  }

  async #make(
    output: string,
    init: string,
    { kernel, contents }: { kernel: Kernel; contents: Contents },
  ): Promise<string> {
    if (await stat(output).catch(() => undefined)) return output;
    const modules = [...guestModules(contents.devices), ...(contents.mounts ? SHARE_MODULES : [])];
    const before = kernel.initrd ?? undefined;
    await buildInitramfs({ init, modulesDir: kernel.modules, modules, before, output });
    // Read by QEMU under a uid of its own, through an inherited descriptor; the folder itself is the user's alone.
    await chmod(output, 0o444);
    return output;
  }
}
