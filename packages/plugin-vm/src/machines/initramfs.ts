import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmDeviceBus } from '@nook/daemonapi';
import { buildInitramfs, guestModules, SHARE_MODULES } from '@nook/guest';
import type { GuestBuild } from './guest-builds.ts';

interface Kernel {
  readonly digest: string;
  readonly modules: string;
  readonly initrd: string | null;
}

interface Contents {
  readonly guest: GuestBuild;
  readonly devices: VmDeviceBus;
  /** With what folders of the host need. */
  readonly mounts: boolean;
}

/** The initramfs files of this home, one for each kernel, guest build and contents, made when first needed. */
export class Initramfs {
  readonly #dir: string;
  readonly #building = new Map<string, Promise<string>>();

  constructor(cacheDir: string) {
    this.#dir = cacheDir;
  }

  /** @returns its path */
  async ensure(kernel: Kernel, contents: Contents): Promise<string> {
    const [kernelKey, guestKey] = [kernel, contents.guest].map(({ digest }) =>
      digest.replace(/^sha256:/, '').slice(0, 16),
    );
    const name = `initramfs-${kernelKey}-${guestKey}-${contents.devices}${contents.mounts ? '-mounts' : ''}.cpio`;
    const running = this.#building.get(name) ?? this.#make(join(this.#dir, name), kernel, contents);
    this.#building.set(name, running);
    return running.finally(() => this.#building.delete(name));
  }

  async #make(output: string, kernel: Kernel, contents: Contents): Promise<string> {
    if (await stat(output).catch(() => undefined)) return output;
    const modules = [...guestModules(contents.devices), ...(contents.mounts ? SHARE_MODULES : [])];
    const before = kernel.initrd ?? undefined;
    await buildInitramfs({ init: contents.guest.path, modulesDir: kernel.modules, modules, before, output });
    // Read by QEMU under a uid of its own, through an inherited descriptor; the folder itself is the user's alone.
    await chmod(output, 0o444);
    return output;
  }
}
