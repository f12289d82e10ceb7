import { copyFile, mkdir, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Program } from './programs.ts';

/** Puts the guest's init beside bundles that boot virtual machines, where they look for it. */
export async function copyGuest(out: string, programs: readonly Program[]): Promise<void> {
  const vmhost = programs.find(({ name }) => name === 'vmhost');
  if (vmhost === undefined) return;
  const guest = (await import(createRequire(vmhost.entry).resolve('@nook/guest'))) as {
    guestInitPath(): string;
  };
  await mkdir(join(out, 'guest'), { recursive: true });
  // In one step: a machine may be booting with the one that is there.
  const temporary = join(out, `guest/.nook-init.${process.pid}`);
  await copyFile(guest.guestInitPath(), temporary);
  await rename(temporary, join(out, 'guest/nook-init'));
}
