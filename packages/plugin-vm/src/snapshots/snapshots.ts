import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { SnapshotView, VmView } from '../contract.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { Machine } from '../machines/machine.ts';
import { checkLabel } from '../machines/names.ts';
import { SAVED_FILES } from '../saved/saved-machine.ts';
import { createSnapshot } from './create-snapshot.ts';
import { restoreSnapshot } from './restore-snapshot.ts';
import type { SnapshotRecord, SnapshotRecords } from './snapshot-records.ts';

interface SnapshotsOptions {
  readonly records: SnapshotRecords;
  readonly dependencies: Dependencies;
}

/** The snapshots of all VMs. */
export class Snapshots {
  readonly #options: SnapshotsOptions;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  async create(
    machine: Machine,
    request: { readonly name: string; readonly diskOnly: boolean },
    caller: Caller,
  ): Promise<SnapshotView> {
    const { records, dependencies } = this.#options;
    const name = checkLabel(request.name, 'snapshot');
    return machine.hold(async (held) => {
      const taking = { held, dependencies, caller };
      const { snapshot, pause_ms } = await createSnapshot(taking, {
        ...request,
        name,
        records,
        dir: folderOf(machine),
      });
      return { ...(await this.#view(machine, snapshot)), ...(pause_ms === undefined ? {} : { pause_ms }) };
    });
  }

  list(machine: Machine): Promise<SnapshotView[]> {
    return Promise.all(this.#options.records.of(machine.record.id).map((snapshot) => this.#view(machine, snapshot)));
  }

  /** @throws NookError `conflict` when the VM has a memory that would be lost and `force` is not given */
  async restore(
    machine: Machine,
    { name, force, diskOnly }: { readonly name: string; readonly force: boolean; readonly diskOnly: boolean },
    caller: Caller,
  ): Promise<VmView> {
    const { records, dependencies } = this.#options;
    const found = records.get(machine.record, name);
    const snapshot = { ...found, memory: found.memory && !diskOnly };
    if (force) await machine.kill(caller);
    await machine.hold(async (held) => {
      const { state, name: vm } = held.record;
      if (held.link || (state === 'suspended' && !force)) {
        throw new NookError('conflict', `VM '${vm}' is ${state}: what it has in its memory would be lost.`, {
          hint: `Stop it first, or: nook vm snapshot restore --force ${vm} ${name}`,
        });
      }
      await restoreSnapshot({ held, dependencies, caller, snapshot, folder: join(folderOf(machine), snapshot.id) });
    });
    return snapshot.memory ? machine.start(caller, { sessionExpected: false }) : machine.view();
  }

  remove(machine: Machine, name: string): Promise<void> {
    const { records, dependencies } = this.#options;
    return machine.hold(async () => {
      const snapshot = records.get(machine.record, name);
      records.delete(snapshot);
      await rm(join(folderOf(machine), snapshot.id), { recursive: true, force: true });
      await dependencies.layers.collect();
    });
  }

  /** Removes what a crash has left of snapshots that there are not. */
  async sweep(machines: readonly Machine[]): Promise<void> {
    for (const machine of machines) {
      const known = new Set(this.#options.records.of(machine.record.id).map(({ id }) => id));
      const folder = folderOf(machine);
      for (const name of await readdir(folder).catch(() => []))
        if (!known.has(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  async #view(machine: Machine, snapshot: SnapshotRecord): Promise<SnapshotView> {
    const { records, dependencies } = this.#options;
    const { id, name, created_at, parent, memory, layer } = snapshot;
    const all = records.of(machine.record.id);
    return {
      ...{ id, name, vm: machine.record.name, created_at, memory, layer },
      parent: all.find((other) => other.id === parent)?.name,
      current: dependencies.layers.records.disk(machine.record.id).snapshot === id,
      disk_bytes: await allocated(dependencies.layers.path(layer)),
      memory_bytes: memory ? await allocated(join(folderOf(machine), id, SAVED_FILES.memory)) : 0,
    };
  }
}

/** One folder in it for each that has memory. */
function folderOf({ dir }: Machine): string {
  return join(dir, 'snapshots');
}

async function allocated(path: string): Promise<number> {
  return stat(path).then(
    ({ blocks }) => blocks * 512,
    () => 0,
  );
}
