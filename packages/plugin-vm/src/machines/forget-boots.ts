import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bootOf } from '../vmhost/host-spec.ts';

/** Removes the consoles of the boots up to `last`. */
export async function forgetBoots(dir: string, last: number): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  const old = names.filter((name) => (bootOf(name) ?? last + 1) <= last);
  await Promise.all(old.map((name) => rm(join(dir, name), { force: true })));
}
