import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { VmRequest } from '../contract.ts';
import { endLeftovers } from '../hosts/leftovers.ts';
import type { Caller, Dependencies } from './dependencies.ts';
import { Machine } from './machine.ts';
import { checkName, makeUpName } from './names.ts';
import { type MachineRecord, nameTaken } from './records.ts';
import { resolveShape } from './resolve-shape.ts';

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
      const shape = await resolveShape(request, this.#dependencies, caller);
      const id = randomBytes(6).toString('hex');
      const record: MachineRecord = {
        id,
        name,
        state: 'created',
        created_at: this.#dependencies.clock.now(),
        shape: { ...shape, mac: macOf(id), machine_id: randomBytes(16).toString('hex') },
        run: { boot: 0, steps: [] },
      };
      this.#dependencies.records.insert(record);
      return this.#add(record);
    } finally {
      this.#reserved.delete(name);
    }
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

  release(): void {
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
