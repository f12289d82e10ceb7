import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import { STATE_DIR } from '../places.ts';
import type { User } from './find-user.ts';
import { requireTrusted } from './trusted-path.ts';
import { DAEMON_UNIT, daemonUnit, HELPER_UNIT, helperUnit, type Programs } from './units.ts';

const UNIT_DIR = '/etc/systemd/system';

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

export interface Installation {
  readonly root: string;
  readonly owner: User;
  readonly programs: Programs;
  readonly lowPorts: boolean;
}

/** Writes both units and the helper's record of whom it serves. @returns the files, without the root */
export async function installFiles({ root, owner, programs, lowPorts }: Installation): Promise<string[]> {
  const record = { version: 1, owner_uid: owner.uid, low_ports: lowPorts };
  const units = { [HELPER_UNIT]: helperUnit(programs), [DAEMON_UNIT]: daemonUnit(programs, owner) };
  await mkdir(join(root, UNIT_DIR), { recursive: true });
  for (const [name, text] of Object.entries(units)) await writeFileAtomic(join(root, UNIT_DIR, name), text, 0o644);
  await mkdir(join(root, STATE_DIR), { recursive: true, mode: 0o700 });
  await chmod(join(root, STATE_DIR), 0o700);
  await writeFileAtomic(join(root, STATE_DIR, 'install.json'), `${JSON.stringify(record)}\n`);
  return [...Object.keys(units).map((name) => join(UNIT_DIR, name)), join(STATE_DIR, 'install.json')];
}

/** @returns what was removed, without the root */
export async function removeFiles({
  root,
  purge,
}: {
  readonly root: string;
  readonly purge: boolean;
}): Promise<string[]> {
  const paths = [join(UNIT_DIR, HELPER_UNIT), join(UNIT_DIR, DAEMON_UNIT), ...(purge ? [STATE_DIR] : [])];
  for (const path of paths) await rm(join(root, path), { recursive: true, force: true });
  return paths;
}
