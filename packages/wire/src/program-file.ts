import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Put in place by the bundler; absent when run from the sources or as installed packages. */
declare const __NOOK_BUILD__: object | undefined;

/** Where there is no bundle: the entry of the package that the program is. */
const ENTRIES = {
  nookd: '@nook/daemon/main',
  vmhost: '@nook/plugin-vm/vmhost',
  nethost: '@nook/plugin-network/nethost',
  'qemu-engine': '@nook/plugin-vm/qemu-engine',
  'images-worker': '@nook/plugin-images/worker',
} as const;

/**
 * The file that node is given to run a program of nook, of the same build as this code: beside it in a bundle,
 * otherwise the entry of the program's package, as sources or as installed.
 * @param from `import.meta.url` of the caller, whose package is the program's own or depends on it
 */
export function programFile(name: keyof typeof ENTRIES, from: string): string {
  if (typeof __NOOK_BUILD__ !== 'undefined') return join(import.meta.dirname, `${name}.mjs`);
  return createRequire(from).resolve(ENTRIES[name]);
}
