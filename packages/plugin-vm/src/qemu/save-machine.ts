import { execFile } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type MachineSpec, type MachineState, NookError, type SavedState } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import { copyTouched } from './copy-memory.ts';
import { asMigrationStream } from './device-state.ts';
import type { OpenMemory } from './open-memory.ts';
import type { QmpClient } from './qmp-client.ts';

const DEADLINE_MS = 15_000;
/** Relative to QEMU's working directory. */
const DEVICE_STATE = 'devices.raw';
const MIB = 1024 ** 2;

interface SavedMachine {
  readonly qmp: QmpClient;
  readonly pid: number;
  readonly spec: MachineSpec;
  /** What its memory was when it began; absent: zeros. */
  readonly base: OpenMemory | undefined;
}

/**
 * Saves a machine as it stands. Its memory is what it began from and the pages that it has written to since, which the
 * kernel knows: nothing else is copied while the guest stands still.
 */
export async function saveMachine({ qmp, pid, spec, base }: SavedMachine, to: MachineState): Promise<SavedState> {
  const size = spec.memory_mib * MIB;
  await makeBase(to.ram, size, base);
  const ask = (command: string, args = {}) => qmp.execute(command, args, DEADLINE_MS);
  const machineType = String(await ask('qom-get', { path: '/machine', property: 'type' })).replace(/-machine$/, '');
  const address = await memoryAddress(qmp);

  const paused_at = performance.now();
  await ask('stop');
  await ask('xen-save-devices-state', { filename: DEVICE_STATE, live: false });
  const bytes = copyTouched(pid, { address, size }, { file: to.ram, empty: base === undefined });
  const raw = join(spec.work_dir, DEVICE_STATE);
  await writeFileAtomic(to.devices, asMigrationStream(await readFile(raw), machineType));
  await rm(raw);
  return { bytes, paused_at };
}

async function makeBase(file: string, size: number, base: OpenMemory | undefined): Promise<void> {
  await rm(file, { force: true });
  const handle = await open(file, 'wx', 0o600);
  await handle.truncate(size).finally(() => handle.close());
  if (base) await promisify(execFile)('cp', ['--reflink=auto', '--sparse=always', base.path, file]);
}

/** Where the guest's memory lies in QEMU's: one stretch, whatever the guest sees of it. */
async function memoryAddress(qmp: QmpClient): Promise<number> {
  const said = String(await qmp.execute('human-monitor-command', { 'command-line': 'gpa2hva 0' }, DEADLINE_MS));
  const address = / is (0x[0-9a-f]+)/.exec(said)?.[1];
  if (address === undefined)
    throw new NookError('operation_failed', `QEMU does not say where its memory is: ${said.trim()}`);
  return Number.parseInt(address, 16);
}
