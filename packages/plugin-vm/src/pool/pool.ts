import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isNookError, type Operations } from '@nook/daemonapi';
import { isAlive } from '@nook/wire';
import type { BootStep, PoolView } from '../contract.ts';
import { endLeftovers } from '../hosts/leftovers.ts';
import { VmhostLink } from '../hosts/vmhost-link.ts';
import { IdleWork } from '../machines/activity.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { ResolvedShape } from '../machines/resolve-shape.ts';
import type { StartContext } from '../machines/start-steps.ts';
import { chooseMember } from './choose-member.ts';
import { PoolMember } from './pool-member.ts';
import type { MemberRecord, PoolRecords } from './pool-records.ts';

interface PoolSettings {
  readonly size: number;
  /** Of the host's memory, for all members together. */
  readonly maxBytes: number;
  /** How long nothing must have been started before members are made. */
  readonly idleMs: number;
}

interface PoolParts {
  readonly settings: PoolSettings;
  readonly records: PoolRecords;
  readonly dependencies: Dependencies;
  readonly operations: Operations;
  /** Adds what is missing, and ends what is of no use any more. */
  readonly fill: (pool: Pool, caller: Caller) => Promise<void>;
}

/** A member that a VM takes over, and what was found out to choose it. */
export interface Claim {
  readonly member: PoolMember;
  readonly context: StartContext;
  readonly steps: readonly BootStep[];
}

const WAKE_MS = 1_000;

/** Machines that were restored and stand still until somebody wants a VM. */
export class Pool {
  readonly #parts: PoolParts;
  readonly #members = new Map<string, PoolMember>();
  readonly #idleWork: IdleWork;
  #filling = false;
  /** Members may be of a template that is not the current one. */
  #doubtful = false;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    const { settings, dependencies } = parts;
    this.#idleWork = new IdleWork({
      activity: dependencies.activity,
      idleMs: settings.idleMs,
      act: () => this.#fill(),
    });
  }

  view(): PoolView {
    const { size, maxBytes } = this.#parts.settings;
    const members = [...this.#members.values()].map(({ record, dir, link, ready }) => {
      const { id, template, created_at, bytes } = record;
      const state = ready ? ('ready' as const) : ('silent' as const);
      return {
        id,
        state,
        template,
        bytes,
        created_at,
        dir,
        vmhost_pid: record.vmhost.pid,
        qemu_pid: link.status?.qemu_pid,
      };
    });
    return { size, max_memory_bytes: maxBytes, filling: this.#idleWork.pending || this.#filling, members };
  }

  /** Whether another one is wanted and allowed. */
  get lacks(): boolean {
    const { size, maxBytes } = this.#parts.settings;
    const sizes = [...this.#members.values()].map(({ record }) => record.bytes);
    const bytes = sizes.reduce((sum, each) => sum + each, 0);
    return sizes.length < size && bytes + Math.max(0, ...sizes) <= maxBytes;
  }

  get size(): number {
    return this.#parts.settings.size;
  }

  /** Of the host's memory, all members together. */
  get bytes(): number {
    return [...this.#members.values()].reduce((sum, { record }) => sum + record.bytes, 0);
  }

  get count(): number {
    return this.#members.size;
  }

  /** A member that can become a VM of this shape, taken out; undefined when there is none. */
  async take(shape: ResolvedShape, caller: Caller): Promise<Claim | undefined> {
    if (this.#members.size === 0) return undefined;
    const { dependencies } = this.#parts;
    return chooseMember(shape, { dependencies, take: (template) => this.#takeOut(template), caller });
  }

  /** From here on the machine is the VM that `insert` records. Put back when that throws. */
  claim({ member }: Claim, insert: () => void): void {
    try {
      this.#parts.records.claim(member.record.id, insert);
    } catch (error) {
      this.#keep(member);
      throw error;
    }
  }

  add(member: PoolMember): void {
    this.#parts.records.insert(member.record);
    this.#keep(member);
  }

  /** Ends members that did not begin as this template, or do not answer, and those that are too many. */
  async retain(template: string, opId: string): Promise<void> {
    const fit: PoolMember[] = [];
    for (const member of this.#members.values()) {
      await member.link.until(() => true, AbortSignal.timeout(WAKE_MS)).catch(() => {});
      if (member.ready && member.record.template === template) fit.push(member);
    }
    const kept = new Set(fit.slice(0, this.#parts.settings.size));
    await this.#end(
      [...this.#members.values()].filter((member) => !kept.has(member)),
      opId,
    );
  }

  /** Takes up what an earlier daemon left. @returns the ids of their folders */
  async recover(): Promise<string[]> {
    const { records, dependencies, settings } = this.#parts;
    for (const record of records.all()) {
      const dir = join(dependencies.dirs.state, 'vms', record.id);
      const link =
        settings.size > 0 && isAlive(record.vmhost)
          ? await VmhostLink.open(dir, record.token).catch(() => undefined)
          : undefined;
      if (link) this.#keep(new PoolMember({ record, dir, link }));
      else await this.#forget(record, dir);
    }
    this.#doubtful = this.#members.size > 0;
    return [...this.#members.keys()];
  }

  /** Begins to make members when it is time. */
  start(): void {
    if (this.#parts.settings.size > 0) this.#idleWork.ask();
  }

  /** Nobody would know of them: they end with the daemon. */
  async stop(): Promise<void> {
    this.#idleWork.cancel();
    await this.#end([...this.#members.values()], 'op-pool-end');
  }

  #takeOut(template: string): PoolMember | undefined {
    const member = [...this.#members.values()].find(({ ready, record }) => ready && record.template === template);
    if (member === undefined) {
      // Of another shape, or what the members are to be has changed: its image, or what runs it.
      this.#doubtful = true;
      this.#idleWork.ask();
      return undefined;
    }
    this.#members.delete(member.record.id);
    this.#idleWork.ask();
    return member;
  }

  #fill(): void {
    const { operations, dependencies, fill } = this.#parts;
    if (this.#filling || !(this.lacks || this.#doubtful)) return;
    this.#filling = true;
    this.#doubtful = false;
    const { opId, done } = operations.begin('vm.pool.fill', async (operation) => {
      await fill(this, operation);
      return { members: this.#members.size };
    });
    done
      .finally(() => {
        this.#filling = false;
      })
      .then(
        () => {
          // A start came between, or took one.
          if (this.lacks || this.#doubtful) this.#idleWork.ask();
        },
        (error: unknown) => {
          this.#doubtful = true;
          if (isNookError(error) && error.code === 'cancelled') return;
          dependencies.log.warn({ op_id: opId, error: String(error) }, 'the pool could not be filled');
        },
      );
  }

  #keep(member: PoolMember): void {
    const { id } = member.record;
    this.#members.set(id, member);
    void member.link.closed.then(async () => {
      if (this.#members.get(id) !== member) return;
      this.#members.delete(id);
      await this.#forget(member.record, member.dir);
      this.#parts.dependencies.log.warn({ member: id }, 'a member of the pool died');
      this.#idleWork.ask();
    });
  }

  async #end(members: readonly PoolMember[], opId: string): Promise<void> {
    for (const { record } of members) this.#members.delete(record.id);
    await Promise.all(
      members.map(async (member) => {
        await member.end(opId);
        await this.#forget(member.record, member.dir);
      }),
    );
  }

  async #forget({ id }: MemberRecord, dir: string): Promise<void> {
    await endLeftovers(dir, this.#parts.dependencies);
    await rm(dir, { recursive: true, force: true });
    this.#parts.records.delete(id);
  }
}
