import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type CliContext, NookError } from '@nook/daemonapi';
import { allProcesses, SYSTEM_DIRS } from '@nook/wire';
import type { User } from './find-user.ts';
import { systemctl, UNITS } from './systemctl.ts';
import { TMPFILES } from './units.ts';

const DEADLINE_MS = 60_000;

/** @throws NookError `conflict` when the owner has machines that the service would not see */
export async function requireNoMachines({ name, home }: User): Promise<void> {
  const state = join(home, '.local/state/nook');
  const folders = await readdir(join(state, 'vms')).catch(() => []);
  // Those of templates are no machines.
  if (folders.every((folder) => folder.startsWith('template'))) return;
  throw new NookError('conflict', `${name} has machines in '${state}', which the service would not see.`, {
    hint: `Remove them first, as ${name}: nook vm rm --force NAME...`,
  });
}

/**
 * Has the owner's systemd run without a session: it makes the scopes of machines.
 * @returns whether it did not before
 */
export async function linger({ name, uid }: User, context: CliContext): Promise<boolean> {
  if (uid === 0 || existsSync(join('/var/lib/systemd/linger', name))) return false;
  try {
    await promisify(execFile)('loginctl', ['enable-linger', name], { timeout: DEADLINE_MS });
    return true;
  } catch (error) {
    context.out.note(
      `The systemd of ${name} does not stay without a session, so machines get no scopes of their own: ${(error as Error).message}`,
    );
    return false;
  }
}

export async function unlinger(name: string): Promise<void> {
  await promisify(execFile)('loginctl', ['disable-linger', name], { timeout: DEADLINE_MS }).catch(() => {});
}

/** Has what is installed run, as it is now. */
export async function startServices(): Promise<void> {
  await systemctl('daemon-reload');
  // It is over 0 where another file than this one has a fault.
  await promisify(execFile)('systemd-tmpfiles', ['--create', TMPFILES], { timeout: DEADLINE_MS }).catch(() => {});
  await systemctl('enable', ...UNITS);
  await systemctl('start', ...UNITS);
}

/** Pids of the processes of the service's machines. */
export function machineProcesses(): number[] {
  const vms = `${SYSTEM_DIRS.state}/vms/`;
  const own = allProcesses().filter(({ argv }) => argv.some((word) => word.startsWith(vms)));
  return own.map(({ pid }) => pid);
}
