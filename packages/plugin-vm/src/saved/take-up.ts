import { chown, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type MachineState, NookError, type VmDriver, type VmDriverSetup } from '@nook/daemonapi';
import { machineUser } from '../machines/machine-user.ts';
import type { MachineRecord } from '../machines/records.ts';
import { formatDuration } from '../supervision/duration.ts';
import { type HostSpec, VM_FILES } from '../vmhost/host-spec.ts';
import { readSessions } from '../vmhost/saved-sessions.ts';
import {
  discardSaved,
  readSaved,
  SAVED_FILES,
  SAVED_FOLDER,
  type SavedAbout,
  type SavedManifest,
  whySpoilt,
} from './saved-machine.ts';

/** What a machine that runs is, as its saved state will say. */
export async function aboutMachine({ shape, run }: MachineRecord, dir: string): Promise<SavedAbout> {
  const { machine } = JSON.parse(await readFile(join(dir, VM_FILES.spec), 'utf8')) as HostSpec;
  const { driver, vcpus, memory_bytes, network } = shape;
  const { accelerator = '', machine: type = '', driver_version: version = '' } = run;
  const setup = { accelerator, machine: type, version, settings: machine.settings };
  return { driver, setup, vcpus, memory_bytes, network: network.mode };
}

export function savedState(dir: string): MachineState {
  const path = (name: keyof typeof SAVED_FILES) => join(dir, SAVED_FOLDER, SAVED_FILES[name]);
  return { ram: path('memory'), devices: path('devices') };
}

/** What a machine that is gone can be taken up from. What a crash has left of less than that is removed. */
export async function keptMemory(dir: string, disk: string): Promise<SavedManifest | undefined> {
  const folder = join(dir, SAVED_FOLDER);
  const manifest = await readSaved(folder);
  const spoilt = manifest ? await whySpoilt(folder, manifest, disk) : 'it was not saved';
  if (spoilt === undefined) return manifest;
  await discardSaved(folder);
  return undefined;
}

interface Present {
  readonly record: MachineRecord;
  readonly dir: string;
  readonly disk: string;
  readonly driver: Pick<VmDriver, 'name' | 'title'>;
  readonly setup: VmDriverSetup;
}

/** One that would be ended at once is not taken up: its memory would be lost. @throws NookError `conflict` */
function requireTime(saved: SavedManifest, { shape }: MachineRecord, dir: string): void {
  const max = shape.life?.max_duration_ms;
  if (max === undefined || !saved.continues) return;
  const { ran_ms = 0 } = readSessions(join(dir, SAVED_FOLDER, SAVED_FILES.sessions)).guest;
  if (ran_ms < max) return;
  const had = `it had run for ${formatDuration(ran_ms)}, and may for ${formatDuration(max)}`;
  throw new NookError('conflict', `${had}; nook vm set --max-duration gives it more`);
}

/**
 * Refuses to let a saved machine go on as anything but what it was.
 * @throws NookError `conflict` with what differs
 */
export async function checkSaved(saved: SavedManifest, present: Present): Promise<void> {
  const { record, dir, disk, driver, setup } = present;
  const { about } = saved;
  const { vcpus, memory_bytes, network } = record.shape;
  const facts: [what: string, then: unknown, now: unknown][] = [
    ['driver', about.driver, driver.name],
    [`version of ${driver.title}`, about.setup.version, setup.version],
    ['accelerator', about.setup.accelerator, setup.accelerator],
    ['machine type', about.setup.machine, setup.machine],
    ['number of CPUs', about.vcpus, vcpus],
    ['memory', about.memory_bytes, memory_bytes],
    ['kind of network', about.network, network.mode],
  ];
  const different = facts.find(([, then, now]) => then !== now);
  if (different) {
    const [what, then, now] = different;
    throw new NookError('conflict', `its ${what} was ${then} when it was saved, and is ${now} now`);
  }
  const spoilt = await whySpoilt(join(dir, SAVED_FOLDER), saved, disk);
  if (spoilt !== undefined) throw new NookError('conflict', spoilt);
  requireTime(saved, record, dir);
  // The machine maps the memory privately, but opens it as if to write.
  const user = machineUser(record.id);
  if (user) await chown(savedState(dir).ram, user.uid, user.gid);
}
