import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { randomBytes } from '@nook/wire';
import { beginFreeze, endFreeze, keepSuspended, switchDisk, type Taking } from '../layers/take-disk.ts';
import { requireCapability } from '../machines/drivers.ts';
import { macOf } from '../machines/mac.ts';
import type { MachineRecord } from '../machines/records.ts';
import { runSteps, type Step } from '../machines/step-runner.ts';
import { adoptStaged, copySaved } from '../saved/saved-copy.ts';
import { commitSaved, readSaved, SAVED_FOLDER } from '../saved/saved-machine.ts';
import { aboutMachine } from '../saved/take-up.ts';
import { limitsOf } from '../supervision/life.ts';
import { DISK_FILE, VM_FILES } from '../vmhost/host-spec.ts';

interface Forking extends Taking {
  readonly copy: MachineRecord;
  /** The copy's folder. */
  readonly dir: string;
  /** Writes the record of the copy, in the transaction that makes it what it is. */
  readonly insert: () => void;
}

/** Up to a copy that is a VM: suspended at the moment of the fork where there was a memory, otherwise stopped. */
export const FORK_STEPS: readonly Step<Forking>[] = [
  { name: 'folder', run: makeFolder, undo: removeFolder },
  { name: 'disk', run: beginFreeze, undo: endFreeze },
  { name: 'save', run: save },
  { name: 'record', run: record, undo: removeRecord },
];

/** @returns how long the VM stood still, in milliseconds; undefined when it did not run */
export async function forkMachine(
  taking: Taking,
  {
    name,
    dir,
    insert,
  }: { readonly name: string; readonly dir: string; readonly insert: (copy: MachineRecord) => void },
): Promise<{ readonly copy: MachineRecord; readonly pause_ms: number | undefined }> {
  const { held, dependencies, caller } = taking;
  const { record: vm, link } = held;
  const driver = dependencies.drivers.of({ name: vm.name, driver: vm.shape.driver });
  if (link) {
    requireCapability(driver, 'ram_snapshot', 'fork a VM that runs');
    requireCapability(driver, 'disk_snapshot', 'fork a VM that runs');
  }
  const id = randomBytes(6).toString('hex');
  const copy = copyOf(vm, { id, name, now: dependencies.clock.now(), memory: hasMemory(taking) });
  const context: Forking = { ...taking, copy, dir: join(dir, id), insert: () => insert(copy) };
  await runSteps(FORK_STEPS, context, dependencies.clock, {
    gates: 'fork',
    onStep: (stage) => caller.progress({ stage }),
  });
  return { copy, pause_ms: context.result?.pause_ms };
}

function hasMemory({ held }: Taking): boolean {
  return held.link !== undefined || held.record.state === 'suspended';
}

interface CopyOptions {
  readonly id: string;
  readonly name: string;
  readonly now: number;
  readonly memory: boolean;
}

/**
 * Its published ports are the other's, and nobody waits for the session that the other is there for. Nor is it there to run
 * for ever: it does not start by itself, and has the limits of the other.
 */
function copyOf({ shape, run }: MachineRecord, { id, name, now, memory }: CopyOptions): MachineRecord {
  const { kernel, guest, accelerator, machine, driver_version } = run;
  return {
    ...{ id, name, state: memory ? 'suspended' : 'stopped', created_at: now },
    shape: {
      ...shape,
      network: { ...shape.network, publish: [], address: undefined, address6: undefined },
      life: limitsOf(shape.life),
      ...{ auto_remove: false, mac: macOf(id), machine_id: randomBytes(16).toString('hex') },
    },
    run: { ...{ boot: 0, steps: [], kernel, guest }, ...(memory ? { accelerator, machine, driver_version } : {}) },
  };
}

async function makeFolder({ dir }: Forking): Promise<void> {
  await mkdir(join(dir, SAVED_FOLDER), { recursive: true, mode: 0o700 });
  await mkdir(join(dir, VM_FILES.machine), { mode: 0o700 });
}

async function removeFolder({ dir }: Forking): Promise<void> {
  await rm(dir, { recursive: true, force: true });
}

async function save(context: Forking): Promise<void> {
  const { held, dir, copy, freeze, dependencies } = context;
  if (!freeze) return;
  const disk = join(dir, VM_FILES.machine, DISK_FILE);
  await dependencies.layers.stand(copy, { on: freeze.layer, at: disk });
  const folder = join(dir, SAVED_FOLDER);
  if (held.link) {
    await switchDisk(context, folder);
    const about = await aboutMachine(held.record, held.dir);
    return commitSaved(folder, { about, continues: false, saved_at: copy.created_at, disk });
  }
  if (copy.state === 'stopped') return rm(folder, { recursive: true });
  const from = join(held.dir, SAVED_FOLDER);
  const manifest = await readSaved(from);
  if (!manifest) throw new NookError('conflict', 'Its saved memory is gone.');
  await copySaved(folder, { from, manifest, disk, continues: false });
}

async function record({ held, copy, freeze, insert, dependencies }: Forking): Promise<void> {
  const { layers, features } = dependencies;
  const { record: vm, dir } = held;
  if (!freeze) return;
  await keepSuspended(held, freeze.next);
  await layers.settle(vm, dir, {
    switched: true,
    also: () => {
      insert();
      features.records.insert(
        copy.id,
        Object.fromEntries(features.records.of(vm.id).map(({ name, part }) => [name, part])),
      );
      layers.records.setDisk(copy.id, { file: DISK_FILE, layer: freeze.layer });
    },
  });
  await adoptStaged(dir, layers.diskOf(vm.id, dir));
}

/** The VM stays on its new disk, which holds the same. */
function removeRecord({ copy, dependencies }: Forking): void {
  dependencies.records.delete(copy.id);
  dependencies.network.release(copy.id);
}
