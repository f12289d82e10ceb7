import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InitramfsError } from './initramfs-error.ts';

/**
 * Where the built `nook-init` is: `NOOK_GUEST_INIT`, else `dist/guest/nook-init` of the repository, seen from a
 * bundle in `dist/` or from the sources.
 * @throws InitramfsError when it is at none of these places.
 */
export function guestInitPath(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const override = env.NOOK_GUEST_INIT;
  if (override !== undefined && override !== '') return resolve(override);
  const here = dirname(fileURLToPath(import.meta.url));
  const places = [join(here, 'guest/nook-init'), join(here, '../../../dist/guest/nook-init')];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new InitramfsError("The guest's init is not built.", {
      hint: 'Run packages/guest/build.sh (it needs musl-gcc, from the package musl-tools).',
    });
  }
  return found;
}
