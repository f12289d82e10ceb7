import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { VmRequest } from '../contract.ts';
import { endLeftovers } from '../hosts/leftovers.ts';
import type { Caller, Dependencies } from './dependencies.ts';
import { Machine } from './machine.ts';
import { requireMounts } from './mounts.ts';
import { checkName, makeUpName } from './names.ts';
import { type MachineRecord, nameTaken } from './records.ts';
import { checkDisk, checkShape } from './shape.ts';

/** All VMs of this home. */
export class Machines {
  readonly #dependencies: Dependencies;
  readonly #machines = new Map<string, Machine>();
  /** Names of creates in progress. */
  readonly #reserved = new Set<string>();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  all(): readonly Machine[] {
    return [...this.#machines.values()];
  }

  /** @throws NookError `not_found` */
  get(name: string): Machine {
    this.#dependencies.templates.onActivity();
    const machine = this.#machines.get(name);
    if (machine) return machine;
    throw new NookError('not_found', `There is no VM named '${name}'.`, { hint: 'See what there is: nook vm list' });
  }

  /** Records a new VM; its image is pulled where it is missing. Nothing is left behind when it fails. */
  async create(request: VmRequest, caller: Caller): Promise<Machine> {
    const isTaken = (name: string) => this.#machines.has(name) || this.#reserved.has(name);
    const name = request.name === undefined ? makeUpName(isTaken) : checkName(request.name);
    if (isTaken(name)) throw nameTaken(name);
    this.#reserved.add(name);
    try {
      const shape = checkShape(request, this.#dependencies);
      const reference = request.image ?? this.#dependencies.images.defaultImage();
      const { vcpus, memory_bytes } = shape;
      const parts = await this.#dependencies.features.requested(
        request.features,
        { name, image: reference, vcpus, memory_bytes },
        caller.signal,
      );
      const image = await this.#dependencies.images.ensure(reference, {
        signal: caller.signal,
        progress: (update) => caller.progress(update),
      });
      if (shape.mounts.length > 0) await this.#requireMounts(name, caller);
      caller.signal.throwIfAborted();
      const id = randomBytes(6).toString('hex');
      const record: MachineRecord = {
        id,
        name,
        state: 'created',
        created_at: this.#dependencies.clock.now(),
        shape: {
          ...shape,
          driver: this.#dependencies.config.driver,
          image: image.name,
          image_digest: image.digest,
          image_path: image.path,
          disk_bytes: checkDisk(shape.disk_bytes, image),
          mac: macOf(id),
          machine_id: randomBytes(16).toString('hex'),
        },
        run: { boot: 0, steps: [] },
      };
      const { records, features } = this.#dependencies;
      records.transaction(() => {
        records.insert(record);
        features.records.insert(id, parts);
      });
      return this.#add(record);
    } finally {
      this.#reserved.delete(name);
    }
  }

  /** Told when the VM is made, and not only when it first starts. */
  async #requireMounts(name: string, caller: Caller): Promise<void> {
    const { drivers, kernels, config } = this.#dependencies;
    const driver = drivers.of({ name, driver: config.driver });
    const kernel = await kernels.ensure(config.kernel, {
      signal: caller.signal,
      progress: (update) => caller.progress(update),
    });
    await requireMounts(driver, kernel);
  }

  imageUsers(digest: string): readonly string[] {
    return this.all()
      .map(({ record }) => record)
      .filter(({ shape }) => shape.image_digest === digest)
      .map(({ name }) => name);
  }

  /** Takes up what an earlier daemon left: records, running machines, and folders that belong to no record. */
  async recover(): Promise<void> {
    const folder = join(this.#dependencies.dirs.state, 'vms');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const records = this.#dependencies.records.all();
    const known = new Set(records.map(({ id }) => id));
    for (const id of await readdir(folder)) {
      if (known.has(id)) continue;
      await endLeftovers(join(folder, id), this.#dependencies);
      await rm(join(folder, id), { recursive: true, force: true });
    }
    await Promise.all(records.map((record) => this.#add(record).recover()));
  }

  /** Waits until what follows the end of machines is done. */
  async settle(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const cut = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => cut.resolve(), { once: true });
    await Promise.race([Promise.allSettled(this.all().map((machine) => machine.settled)), cut.promise]);
  }

  release(): void {
    this.#dependencies.features.close();
    for (const machine of this.#machines.values()) machine.release();
  }

  #add(record: MachineRecord): Machine {
    const machine = new Machine(record, this.#dependencies, () => this.#machines.delete(record.name));
    this.#machines.set(record.name, machine);
    return machine;
  }
}

/** A locally administered address in QEMU's own range. */
function macOf(id: string): string {
  return `52:54:00:${id.slice(0, 2)}:${id.slice(2, 4)}:${id.slice(4, 6)}`;
}
