import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { checkLabels } from '../changes/labels.ts';
import type { VmRequest } from '../contract.ts';
import { endLeftovers } from '../hosts/leftovers.ts';
import type { Claim, Pool } from '../pool/pool.ts';
import type { Committed } from '../supervision/admission-plan.ts';
import { checkLife } from '../supervision/life.ts';
import type { StartRequest } from './bring-up.ts';
import type { Caller, Dependencies } from './dependencies.ts';
import { macOf } from './mac.ts';
import { type Changing, Machine } from './machine.ts';
import { isLive } from './machine-core.ts';
import { requireMounts } from './mounts.ts';
import { checkName, makeUpName } from './names.ts';
import { type MachineRecord, nameTaken } from './records.ts';
import { resolveShape } from './resolve-shape.ts';
import { checkShape } from './shape.ts';

/** All VMs of this home. */
export class Machines {
  readonly #dependencies: Dependencies;
  readonly #pool: Pool;
  readonly #machines = new Map<string, Machine>();
  /** Names of creates in progress. */
  readonly #reserved = new Set<string>();

  constructor(dependencies: Dependencies, pool: Pool) {
    this.#dependencies = dependencies;
    this.#pool = pool;
  }

  all(): readonly Machine[] {
    return [...this.#machines.values()];
  }

  /** Ids of machines that are no VMs, but may become some; undefined while some are being made. */
  others(): ReadonlySet<string> | undefined {
    const { filling, members } = this.#pool.view();
    return filling || this.#reserved.size > 0 ? undefined : new Set(members.map(({ id }) => id));
  }

  /** @throws NookError `not_found` */
  get(name: string): Machine {
    this.#dependencies.activity.touch();
    const machine = this.#machines.get(name);
    if (machine) return machine;
    throw noSuchVm(name);
  }

  /**
   * Records a new VM; its image is pulled where it is missing. Nothing is left behind when it fails.
   * @param starting how it is started at once, where it is: then it may take a member of the pool over
   */
  async create(request: VmRequest, caller: Caller, starting?: StartRequest): Promise<Machine> {
    const isTaken = (name: string) => this.#machines.has(name) || this.#reserved.has(name);
    const name = request.name === undefined ? makeUpName(isTaken) : checkName(request.name);
    if (isTaken(name)) throw nameTaken(name);
    const labels = checkLabels(request.labels ?? {});
    this.#reserved.add(name);
    try {
      const reference = request.image ?? this.#dependencies.images.defaultImage();
      const { vcpus, memory_bytes } = checkShape(request, this.#dependencies);
      // A member of the pool takes no more than it has.
      if (starting && this.#pool.count === 0) this.#dependencies.admission.require(`VM '${name}'`, memory_bytes);
      const parts = await this.#dependencies.features.requested(
        request.features,
        { name, image: reference, vcpus, memory_bytes },
        caller.signal,
      );
      const life = checkLife(request);
      const shape = await resolveShape({ ...request, image: reference }, this.#dependencies, caller);
      const mounted = (shape.mounts ?? []).length > 0;
      if (mounted) await this.#requireMounts(name, request, caller);
      caller.signal.throwIfAborted();
      const plain = Object.keys(parts).length === 0 && !mounted && shape.init !== 'image';
      const claim = starting && plain ? await this.#pool.take(shape, caller) : undefined;
      const id = claim?.member.record.id ?? randomBytes(6).toString('hex');
      let record: MachineRecord = {
        id,
        name,
        state: 'created',
        created_at: this.#dependencies.clock.now(),
        shape: { ...shape, labels, life, mac: macOf(id), machine_id: randomBytes(16).toString('hex') },
        run: { boot: 0, steps: [] },
      };
      const { records, features } = this.#dependencies;
      const insert = () =>
        records.transaction(() => {
          record = this.#placed(record);
          records.insert(claim ? claimed(record, claim, caller, starting as StartRequest) : record);
          features.records.insert(id, parts);
        });
      if (claim) this.#pool.claim(claim, insert);
      else insert();
      const machine = this.#add(record);
      if (claim) machine.takeOver(claim);
      return machine;
    } finally {
      this.#reserved.delete(name);
    }
  }

  /**
   * Gives a VM another name.
   * @throws NookError `not_found`, `already_exists`, `bad_params`
   */
  async rename(
    name: string,
    to: string,
    work: (machine: Machine, changing: Changing) => Promise<void>,
  ): Promise<Machine> {
    const machine = this.get(name);
    checkName(to);
    if (name === to) return machine;
    if (this.#machines.has(to) || this.#reserved.has(to)) throw nameTaken(to);
    this.#reserved.add(to);
    try {
      await machine.change(async (changing) => {
        // Another one may have been quicker.
        if (this.get(name) !== machine) throw noSuchVm(name);
        changing.rename(to);
        this.#machines.delete(name);
        this.#machines.set(to, machine);
        await work(machine, changing);
      });
      return machine;
    } finally {
      this.#reserved.delete(to);
    }
  }

  /** Told when the VM is made, and not only when it first starts. */
  async #requireMounts(name: string, request: VmRequest, caller: Caller): Promise<void> {
    const { drivers, kernels, config } = this.#dependencies;
    const driver = drivers.of({ name, driver: config.driver });
    const kernel = await kernels.ensure(request.kernel ?? config.kernel, {
      signal: caller.signal,
      progress: (update) => caller.progress(update),
    });
    await requireMounts(driver, kernel);
  }

  /**
   * Makes a VM of another one, as `make` says; nothing is left behind when it fails.
   * @param make writes the record by the function that it is given
   */
  async copy(
    named: string | undefined,
    make: (name: string, insert: (record: MachineRecord) => void) => Promise<void>,
  ): Promise<Machine> {
    const isTaken = (name: string) => this.#machines.has(name) || this.#reserved.has(name);
    const name = named === undefined ? makeUpName(isTaken) : checkName(named);
    if (isTaken(name)) throw nameTaken(name);
    this.#reserved.add(name);
    try {
      let made: MachineRecord | undefined;
      await make(name, (record) => {
        made = this.#placed(record);
        this.#dependencies.records.insert(made);
      });
      if (!made) throw new Error('a copy was made without a record');
      return this.#add(made);
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

  kernelUsers(digest: string): readonly string[] {
    return this.all()
      .map(({ record }) => record)
      .filter(({ run }) => run.kernel?.digest === digest)
      .map(({ name }) => name);
  }

  /** Takes up what an earlier daemon left: records, running machines, and folders that belong to no record. */
  async recover(): Promise<void> {
    const folder = join(this.#dependencies.dirs.state, 'vms');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { layers, guestBuilds } = this.#dependencies;
    const records = this.#dependencies.records.all();
    await guestBuilds.sweep(new Set(records.map(({ run }) => run.guest?.digest)));
    const members = await this.#pool.recover();
    const known = new Set([...members, ...records.map(({ id }) => id)]);
    for (const id of await readdir(folder)) {
      if (known.has(id)) continue;
      await endLeftovers(join(folder, id), this.#dependencies);
      await rm(join(folder, id), { recursive: true, force: true });
    }
    await Promise.all(records.map((record) => this.#recover(this.#add(record))));
    await layers.sweep(new Set(records.map(({ id }) => layers.records.disk(id).next?.layer ?? '')));
  }

  /** One VM's trouble is not the daemon's. */
  async #recover(machine: Machine): Promise<void> {
    await machine.recover().catch((error: Error) => {
      this.#dependencies.log.error(
        { vm: machine.record.name, error: error.message },
        'a VM could not be taken up again',
      );
    });
  }

  /** Waits until what follows the end of machines is done. */
  async settle(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const cut = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => cut.resolve(), { once: true });
    await Promise.race([Promise.allSettled(this.all().map((machine) => machine.settled)), cut.promise]);
  }

  /** What runs, or is on its way, and what waits in the pool. */
  committed(): Committed {
    const live = this.all().filter(({ record }) => isLive(record.state));
    const memory = live.reduce((sum, { record }) => sum + record.shape.memory_bytes, this.#pool.bytes);
    return { vms: live.length, memory_bytes: memory };
  }

  /** Nothing is started by itself any more. */
  rest(): void {
    for (const machine of this.#machines.values()) machine.rest();
  }

  release(): void {
    this.#dependencies.features.close();
    for (const machine of this.#machines.values()) machine.release();
  }

  /** With its address, where its network gives it one; in the transaction that it is written in. */
  #placed(record: MachineRecord): MachineRecord {
    const network = this.#dependencies.network.allocate(record.id, record.shape.network);
    return { ...record, shape: { ...record.shape, network } };
  }

  #add(record: MachineRecord): Machine {
    const machine: Machine = new Machine(record, this.#dependencies, () => this.#machines.delete(machine.record.name));
    this.#machines.set(record.name, machine);
    return machine;
  }
}

function noSuchVm(name: string): NookError {
  return new NookError('not_found', `There is no VM named '${name}'.`, { hint: 'See what there is: nook vm list' });
}

/** What is written down with the claim, so that a later daemon can go on with it. */
function claimed(
  record: MachineRecord,
  { member }: Claim,
  { opId }: Caller,
  { sessionExpected }: StartRequest,
): MachineRecord {
  const claim = { op_id: opId, session_expected: sessionExpected };
  const run = { boot: 1, steps: [], started_at: record.created_at, claim, ...member.record.run };
  return { ...record, state: 'starting', run };
}
