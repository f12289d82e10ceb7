import { chmod, chown, link, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Clock, type MachineDisk, NookError } from '@nook/daemonapi';
import { randomBytes } from '@nook/wire';
import { fileExists } from '../file-exists.ts';
import { machineUser } from '../machines/machine-user.ts';
import { createOverlay } from '../machines/overlay.ts';
import type { MachineRecord } from '../machines/records.ts';
import { virtualSize } from '../machines/virtual-size.ts';
import { VM_FILES } from '../vmhost/host-spec.ts';
import type { DiskRecord, LayerRecords } from './layer-records.ts';

/** Each costs a file descriptor and a look for every block that is not in those above it. */
const MAX_DEPTH = 32;

interface LayersOptions {
  readonly records: LayerRecords;
  /** Where the frozen layers are. */
  readonly dir: string;
  readonly clock: Clock;
}

/** A disk that is about to become a layer. */
export interface Freeze {
  readonly layer: string;
  /** What the machine is to write to from then on. Absolute. */
  readonly next: string;
}

/** The frozen layers of this home, each a file that nothing writes to, and the disks that stand on them. */
export class Layers {
  readonly records: LayerRecords;
  readonly #dir: string;
  readonly #clock: Clock;

  constructor({ records, dir, clock }: LayersOptions) {
    this.records = records;
    this.#dir = dir;
    this.#clock = clock;
  }

  path(layer: string): string {
    return join(this.#dir, `${layer}.qcow2`);
  }

  /** The disk of the VM in this folder. */
  diskOf(vm: string, dir: string): string {
    return join(dir, VM_FILES.machine, this.records.disk(vm).file);
  }

  isLayered(vm: string): boolean {
    return this.records.disk(vm).layer !== undefined;
  }

  /** What the VM's disk stands on, the lowest first. */
  below({ id, shape }: MachineRecord): MachineDisk['layers'] {
    const chain = this.#chain(this.records.disk(id).layer);
    return [
      { path: shape.image_path, format: 'raw' as const },
      ...chain.map((layer) => ({ path: this.path(layer), format: 'qcow2' as const })),
    ];
  }

  /**
   * Prepares that the VM's disk becomes a layer. Until {@link settle} both is possible: that it was, and that it was not.
   * @throws NookError `conflict` when there are too many layers below it already
   */
  async begin(record: MachineRecord, dir: string): Promise<Freeze> {
    const present = this.records.disk(record.id);
    if (this.#chain(present.layer).length >= MAX_DEPTH) throw tooDeep(record.name);
    const layer = randomBytes(8).toString('hex');
    const file = `disk-${layer}.qcow2`;
    const next = join(dir, VM_FILES.machine, file);
    this.records.setDisk(record.id, { ...present, next: { file, layer } });
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      await link(join(dir, VM_FILES.machine, present.file), this.path(layer));
      await this.stand(record, { on: layer, at: next });
      await this.#requireBegun(record, { layer, next });
    } catch (error) {
      await this.settle(record, dir, { switched: false });
      throw error;
    }
    return { layer, next };
  }

  /** The machine may have ended in between, and what was begun by then been taken back. */
  async #requireBegun({ id, name }: MachineRecord, { layer, next }: Freeze): Promise<void> {
    const present = this.records.disk(id);
    if (present.next?.layer === layer) return;
    if (present.layer !== layer) {
      await rm(next, { force: true });
      await rm(this.path(layer), { force: true });
    }
    throw new NookError('operation_failed', `VM '${name}' ended meanwhile.`);
  }

  /** An empty disk on a layer, of its size: what the VM is to have more it gets when it starts. */
  async stand({ id }: MachineRecord, { on, at }: { readonly on: string; readonly at: string }): Promise<void> {
    const backing = { path: this.path(on), format: 'qcow2' } as const;
    await createOverlay(at, { backing, bytes: await virtualSize(backing.path), user: machineUser(id) });
  }

  /**
   * Ends what {@link begin} began.
   * @param also written in the same transaction, when the disk has become a layer
   */
  async settle(
    record: MachineRecord,
    dir: string,
    { switched, also = () => {} }: { readonly switched: boolean; readonly also?: () => void },
  ): Promise<void> {
    const { next, ...present } = this.records.disk(record.id);
    if (!next) return;
    const old = join(dir, VM_FILES.machine, present.file);
    if (!switched) {
      await rm(join(dir, VM_FILES.machine, next.file), { force: true });
      await rm(this.path(next.layer), { force: true });
      this.records.setDisk(record.id, present);
      return;
    }
    this.records.transaction(() => {
      this.records.insert({ id: next.layer, parent: present.layer, created_at: this.#clock.now() });
      this.records.setDisk(record.id, { ...present, file: next.file, layer: next.layer });
      also();
    });
    await rm(old, { force: true });
    await chmod(this.path(next.layer), 0o400);
    if (machineUser(record.id)) await chown(this.path(next.layer), 0, 0);
  }

  /**
   * Of a VM that has no machine: ends a freeze that was interrupted, and removes disks that it does not have. To stand on
   * what it may have gone on to is right either way.
   */
  async repair(record: MachineRecord, dir: string): Promise<void> {
    const { next } = this.records.disk(record.id);
    const folder = join(dir, VM_FILES.machine);
    if (next) {
      const made = (await fileExists(join(folder, next.file))) && (await fileExists(this.path(next.layer)));
      await this.settle(record, dir, { switched: made });
    }
    const { file } = this.records.disk(record.id);
    // One that lost its own disk is told so by its next start.
    for (const name of await readdir(folder).catch(() => []))
      if (name.startsWith('disk-') && name !== file) await rm(join(folder, name), { force: true });
  }

  /** Ends a freeze that an earlier daemon began, by what the machine says that it writes to. */
  async adopt(record: MachineRecord, dir: string, writesTo: string): Promise<void> {
    const { next } = this.records.disk(record.id);
    if (next) await this.settle(record, dir, { switched: basename(writesTo) === next.file });
  }

  /** Removes layers that nothing stands on. */
  async collect(): Promise<void> {
    for (const layer of this.records.deleteUnused()) await rm(this.path(layer), { force: true });
  }

  /** At a daemon's start, when all freezes are settled but those of the given layers: removes files without a record. */
  async sweep(unsettled: ReadonlySet<string>): Promise<void> {
    await this.collect();
    for (const file of await this.#strays(unsettled)) await rm(file, { force: true });
  }

  /** Files without a record, and without a freeze that may make them layers. Absolute. */
  strays(): Promise<string[]> {
    return this.#strays(new Set(this.records.begun()));
  }

  async #strays(unsettled: ReadonlySet<string>): Promise<string[]> {
    const names = await readdir(this.#dir).catch(() => []);
    const known = new Set(this.records.all().map(({ id }) => `${id}.qcow2`));
    const stray = names.filter((name) => !known.has(name) && !unsettled.has(basename(name, '.qcow2')));
    return stray.map((name) => join(this.#dir, name));
  }

  /** From the lowest to this one. */
  #chain(top: string | undefined): string[] {
    const parents = new Map(this.records.all().map(({ id, parent }) => [id, parent]));
    const chain: string[] = [];
    for (let layer = top; layer !== undefined; layer = parents.get(layer)) chain.unshift(layer);
    return chain;
  }
}

/** A disk as the store has it when it begins anew on a layer. */
export function diskOn(layer: string, snapshot: string | undefined): DiskRecord {
  return { file: `disk-${randomBytes(8).toString('hex')}.qcow2`, layer, snapshot };
}

function tooDeep(name: string): NookError {
  return new NookError('conflict', `The disk of '${name}' stands on ${MAX_DEPTH} layers, and no more are allowed.`, {
    hint:
      `Snapshots and forks add one each, and removing snapshots takes none away. Go back to one of the first of nook vm snapshot list ${name}: ` +
      `nook vm snapshot restore --force ${name} SNAPSHOT; or copy what matters out of it and into a new VM: nook vm cp ${name}:PATH .`,
  });
}
