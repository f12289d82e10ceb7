import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { VmState } from '../contract.ts';
import { MachineFeatures } from '../features/machine-features.ts';
import type { VmhostLink } from '../hosts/vmhost-link.ts';
import { Supervision } from '../supervision/supervision.ts';
import type { Dependencies } from './dependencies.ts';
import { lostPart } from './lost-parts.ts';
import { machineFacts } from './machine-facts.ts';
import { cannotStart } from './overlay.ts';
import type { MachineRecord, MachineRun } from './records.ts';

interface CoreOptions {
  readonly record: MachineRecord;
  readonly dependencies: Dependencies;
  /** Its policy says that it is to run. */
  readonly onDue: () => void;
}

/** What a machine is, the one place that changes it, and the queue of those who want to. */
export class MachineCore {
  readonly dependencies: Dependencies;
  readonly features: MachineFeatures;
  readonly supervision: Supervision;
  /** While it has a vmhost. */
  link: VmhostLink | undefined;
  /** Settles when the loss of the latest link has been dealt with. */
  settled: Promise<void> = Promise.resolve();
  /** Once it is to be no more. */
  removal: Promise<void> | undefined;
  #record: MachineRecord;
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ record, dependencies, onDue }: CoreOptions) {
    this.#record = record;
    this.dependencies = dependencies;
    this.features = new MachineFeatures({
      features: dependencies.features,
      facts: () => machineFacts(this.#record),
      dir: this.dir,
    });
    this.supervision = new Supervision({
      id: record.id,
      records: dependencies.supervision,
      clock: dependencies.clock,
      life: () => this.#record.shape.life ?? {},
      live: isLive(record.state),
      start: onDue,
    });
  }

  get record(): MachineRecord {
    return this.#record;
  }

  get dir(): string {
    return join(this.dependencies.dirs.state, 'vms', this.#record.id);
  }

  /** What it writes to. */
  get disk(): string {
    return this.dependencies.layers.diskOf(this.#record.id, this.dir);
  }

  /** What it misses that it had; undefined: nothing. */
  lost(): Promise<string | undefined> {
    const layered = this.dependencies.layers.isLayered(this.#record.id);
    return lostPart(this.#record, { dir: this.dir, disk: this.disk, layered });
  }

  set(change: { state: VmState; cause?: string | undefined; run?: MachineRun }): void {
    const before = this.#record;
    this.#record = { ...before, ...change, run: change.run ?? before.run };
    this.dependencies.records.update(this.#record);
    if (before.state === change.state) return;
    const { name, id, state, cause } = this.#record;
    this.dependencies.log.info({ vm: name, state, cause }, 'vm state');
    this.dependencies.events.publish(
      'vm.state',
      { name, id, state, ...(cause === undefined ? {} : { cause }) },
      { durable: true },
    );
  }

  /** @throws NookError `already_exists` */
  rename(name: string): void {
    this.dependencies.records.rename(this.#record.id, name);
    this.#record = { ...this.#record, name };
  }

  reshape(shape: Partial<MachineRecord['shape']>): void {
    this.#record = { ...this.#record, shape: { ...this.#record.shape, ...shape } };
    this.dependencies.records.reshape(this.#record);
    if ('life' in shape) this.supervision.changed();
  }

  /** @throws NookError `conflict`, before anything is done with a VM of which nobody knows what it is */
  requireReadable(): void {
    const { unreadable } = this.#record;
    if (unreadable !== undefined) throw cannotStart(this.#record, `its record cannot be read: ${unreadable}`);
  }

  /** @param also another state than `running` that will do */
  requireLink(also?: 'paused'): VmhostLink {
    const { name, state } = this.#record;
    if (this.link && (state === 'running' || state === also)) return this.link;
    if (state === 'paused') throw paused(name);
    throw new NookError('not_running', `VM '${name}' is ${state}.`, { hint: `Start it: nook vm start ${name}` });
  }

  anyLink(): VmhostLink {
    return this.link ?? this.requireLink();
  }

  /** Verbs that change the machine wait for each other. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(async () => {
      if (!this.link) await this.settled.catch(() => {});
      if (this.removal) throw new NookError('not_found', `VM '${this.#record.name}' was removed.`);
      return work();
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** Once the verbs that wait now are through. */
  async idle(): Promise<void> {
    await this.#queue;
  }
}

export function paused(name: string): NookError {
  return new NookError('not_running', `VM '${name}' is paused.`, { hint: `Let it go on: nook vm resume ${name}` });
}

export function isLive(state: VmState): boolean {
  return state === 'starting' || state === 'running' || state === 'stopping' || state === 'paused';
}
