import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { randomBytes } from '@nook/wire';
import { beginFreeze, endFreeze, keepSuspended, switchDisk, type Taking } from '../layers/take-disk.ts';
import { requireCapability } from '../machines/drivers.ts';
import { runSteps, type Step } from '../machines/step-runner.ts';
import { adoptStaged, copySaved } from '../saved/saved-copy.ts';
import { commitSaved, readSaved, SAVED_FOLDER } from '../saved/saved-machine.ts';
import { aboutMachine } from '../saved/take-up.ts';
import type { SnapshotRecord, SnapshotRecords } from './snapshot-records.ts';

interface Snapping extends Taking {
  readonly snapshot: Omit<SnapshotRecord, 'layer'>;
  readonly records: SnapshotRecords;
  /** Where its memory goes. */
  readonly folder: string;
}

export const SNAPSHOT_STEPS: readonly Step<Snapping>[] = [
  { name: 'folder', run: makeFolder, undo: removeFolder },
  { name: 'disk', run: beginFreeze, undo: endFreeze },
  { name: 'save', run: save },
  { name: 'record', run: record, undo: removeRecord },
];

interface SnapshotRequest {
  readonly name: string;
  readonly diskOnly: boolean;
  readonly records: SnapshotRecords;
  /** Where the folders of the VM's snapshots are. */
  readonly dir: string;
}

/** Keeps a VM as it is now: its disk, and its memory when it has any. */
export async function createSnapshot(
  taking: Taking,
  { name, diskOnly, records, dir }: SnapshotRequest,
): Promise<{ snapshot: SnapshotRecord; pause_ms: number | undefined }> {
  const { held, dependencies, caller } = taking;
  const { record: vm } = held;
  if (records.of(vm.id).some((existing) => existing.name === name)) {
    throw new NookError('already_exists', `VM '${vm.name}' has a snapshot '${name}' already.`, {
      hint: `Choose another name, or remove it: nook vm snapshot rm ${vm.name} ${name}`,
    });
  }
  const driver = dependencies.drivers.of({ name: vm.name, driver: vm.shape.driver });
  const memory = !diskOnly && (held.link !== undefined || vm.state === 'suspended');
  if (held.link) requireCapability(driver, 'disk_snapshot', 'snapshot the disk of a VM that runs');
  if (memory) requireCapability(driver, 'ram_snapshot', 'save the memory of a VM');
  const id = randomBytes(6).toString('hex');
  const parent = dependencies.layers.records.disk(vm.id).snapshot;
  const snapshot = { id, vm: vm.id, name, created_at: dependencies.clock.now(), parent, memory };
  const context: Snapping = { ...taking, snapshot, records, folder: join(dir, id) };
  await runSteps(SNAPSHOT_STEPS, context, dependencies.clock, {
    gates: 'snapshot',
    onStep: (stage) => caller.progress({ stage }),
  });
  return { snapshot: records.get(vm, name), pause_ms: context.result?.pause_ms };
}

async function makeFolder({ snapshot, folder }: Snapping): Promise<void> {
  if (snapshot.memory) await mkdir(folder, { recursive: true, mode: 0o700 });
}

async function removeFolder({ folder }: Snapping): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

async function save(context: Snapping): Promise<void> {
  const { held, snapshot, folder, freeze, dependencies } = context;
  if (!freeze) return;
  await switchDisk(context, snapshot.memory ? folder : undefined);
  if (!snapshot.memory) return;
  const disk = dependencies.layers.path(freeze.layer);
  if (held.link) {
    const about = await aboutMachine(held.record, held.dir);
    await commitSaved(folder, { about, continues: false, saved_at: snapshot.created_at, disk });
    return;
  }
  const from = join(held.dir, SAVED_FOLDER);
  const manifest = await readSaved(from);
  if (!manifest) throw new NookError('conflict', 'Its saved memory is gone.');
  await copySaved(folder, { from, manifest, disk, continues: false });
}

async function record({ held, freeze, snapshot, records, dependencies }: Snapping): Promise<void> {
  const { layers } = dependencies;
  const { record: vm, dir } = held;
  if (!freeze) return;
  await keepSuspended(held, freeze.next);
  await layers.settle(vm, dir, {
    switched: true,
    also: () => {
      records.insert({ ...snapshot, layer: freeze.layer });
      layers.records.setDisk(vm.id, { ...layers.records.disk(vm.id), snapshot: snapshot.id });
    },
  });
  await adoptStaged(dir, layers.diskOf(vm.id, dir));
}

/** The VM stays on its new disk, which holds the same. */
async function removeRecord({ held, snapshot, records }: Snapping): Promise<void> {
  const made = records.of(held.record.id).find(({ id }) => id === snapshot.id);
  if (made) records.delete(made);
}
