import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { requireTrusted } from './trusted-path.ts';
import type { Programs } from './units.ts';

/** What a package installed, its units among it. */
const PACKAGED = '/usr/lib/nook/dist';

/**
 * The programs beside the command line that runs, when only root can change them and what they load.
 * @throws NookError `unavailable`
 */
export async function installedPrograms(commandLine: string): Promise<Programs> {
  const dir = dirname(await requireTrusted(commandLine));
  const parts = await readdir(dir);
  if (!parts.includes('nook-roothelper.mjs')) {
    throw new NookError('unavailable', `There is no built nook-roothelper in '${dir}'.`, { hint: 'npm run build' });
  }
  for (const part of parts.filter((name) => name.endsWith('.mjs'))) await requireTrusted(join(dir, part));
  // Machine code is loaded from where the package is that depends on it.
  await requireTrusted(createRequire(join(dir, '../packages/wire/package.json')).resolve('koffi'));
  const node = await requireTrusted(process.execPath);
  const programs = { node, helper: join(dir, 'nook-roothelper.mjs'), daemon: join(dir, 'nookd.mjs') };
  const odd = Object.values(programs).find((path) => !/^[\w/.@+-]+$/.test(path) || /^\/(?:home|root)\//.test(path));
  if (odd === undefined) return programs;
  throw new NookError('unavailable', `'${odd}' cannot be run by a service.`, {
    hint: 'Services do not look into homes, and their paths hold no white space: install from /opt/nook.',
  });
}

export function isPackaged({ daemon }: Programs): boolean {
  return dirname(daemon) === PACKAGED;
}

/** What an administrator types, beside these programs: a checkout has it at its root, an unpacked archive in bin. */
export function launchers({ daemon }: Programs): string[] {
  const root = dirname(dirname(daemon));
  return [join(root, 'bin/nook'), join(root, 'nook')];
}
