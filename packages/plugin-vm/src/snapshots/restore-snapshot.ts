import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { DiskRecord } from '../layers/layer-records.ts';
import { diskOn } from '../layers/layers.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { HeldMachine } from '../machines/machine.ts';
import { runSteps, type Step } from '../machines/step-runner.ts';
import { adoptStaged, stageSaved } from '../saved/saved-copy.ts';
import { discardSaved, readSaved, SAVED_FOLDER, whySpoilt } from '../saved/saved-machine.ts';
import { VM_FILES } from '../vmhost/host-spec.ts';
import type { SnapshotRecord } from './snapshot-records.ts';

interface Restoring {
  readonly held: HeldMachine;
  readonly dependencies: Dependencies;
  readonly caller: Caller;
  readonly snapshot: SnapshotRecord;
  /** Where its memory is. */
  readonly folder: string;
}

interface RestoreContext extends Restoring {
  readonly disk: DiskRecord;
}

export const RESTORE_STEPS: readonly Step<RestoreContext>[] = [
  { name: 'disk', run: makeDisk, undo: removeDisk },
  { name: 'memory', run: stageMemory },
  { name: 'record', run: record },
];

/** Brings a VM that has no machine back to a snapshot: it is suspended then where that has memory, otherwise stopped. */
export async function restoreSnapshot(restoring: Restoring): Promise<void> {
  const { dependencies, caller, snapshot } = restoring;
  const context = { ...restoring, disk: diskOn(snapshot.layer, snapshot.id) };
  await runSteps(RESTORE_STEPS, context, dependencies.clock, {
    gates: 'restore',
    onStep: (stage) => caller.progress({ stage }),
  });
}

function diskPath({ held, disk }: RestoreContext): string {
  return join(held.dir, VM_FILES.machine, disk.file);
}

async function makeDisk(context: RestoreContext): Promise<void> {
  const { held, dependencies, snapshot } = context;
  await mkdir(join(held.dir, VM_FILES.machine), { recursive: true, mode: 0o700 });
  await dependencies.layers.stand(held.record, { on: snapshot.layer, at: diskPath(context) });
}

async function removeDisk(context: RestoreContext): Promise<void> {
  const { held, dependencies, disk } = context;
  if (dependencies.layers.records.disk(held.record.id).file !== disk.file) await rm(diskPath(context), { force: true });
}

async function stageMemory(context: RestoreContext): Promise<void> {
  const { held, dependencies, snapshot, folder } = context;
  if (!snapshot.memory) return;
  const manifest = await readSaved(folder);
  const layer = dependencies.layers.path(snapshot.layer);
  const spoilt = manifest ? await whySpoilt(folder, manifest, layer) : 'its memory is gone';
  if (!manifest || spoilt !== undefined) {
    throw new NookError('conflict', `Snapshot '${snapshot.name}' cannot be restored: ${spoilt}.`, {
      hint: `Its disk alone: nook vm snapshot restore --disk-only ${held.record.name} ${snapshot.name}`,
    });
  }
  await stageSaved(held.dir, { from: folder, manifest, disk: diskPath(context), continues: false });
}

/** From here on the VM is what it was: what it had instead goes. */
async function record(context: RestoreContext): Promise<void> {
  const { held, dependencies, disk } = context;
  const { layers } = dependencies;
  const { id } = held.record;
  const before = layers.diskOf(id, held.dir);
  layers.records.setDisk(id, disk);
  const memory = await adoptStaged(held.dir, diskPath(context));
  if (!memory) await discardSaved(join(held.dir, SAVED_FOLDER));
  held.become(memory ? 'suspended' : 'stopped');
  await rm(before, { force: true });
  await layers.collect();
}
