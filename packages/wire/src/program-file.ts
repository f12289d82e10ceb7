import { join } from 'node:path';

/** Put in place by the bundler; absent when run from the sources. */
declare const __NOOK_BUILD__: object | undefined;

const SOURCES = {
  nook: 'apps/cli/src/main.ts',
  nookd: 'apps/daemon/src/main.ts',
  vmhost: 'packages/plugin-vm/src/vmhost/main.ts',
} as const;

/**
 * The file that node is given to run a program of nook: of the same build as this code, the sources when this code
 * runs from them.
 */
export function programFile(name: keyof typeof SOURCES): string {
  // Programs and the code of bundles stand side by side in dist/.
  if (typeof __NOOK_BUILD__ !== 'undefined') return join(import.meta.dirname, `${name}.mjs`);
  return join(import.meta.dirname, '../../..', SOURCES[name]);
}
