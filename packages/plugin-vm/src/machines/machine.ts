import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DoctorFinding, isNookError, NookError, type Progress } from '@nook/daemonapi';
import type { CameUp, VmState, VmView } from '../contract.ts';
import { featureGuest } from '../features/guest-exec.ts';
import { MachineFeatures } from '../features/machine-features.ts';
import { clearAway } from '../hosts/leftovers.ts';
import type { ProcessIdentity } from '../hosts/process-identity.ts';
import { bootId, isAlive, killExactly } from '../hosts/process-identity.ts';
import { ANSWER_MS, VmhostLink } from '../hosts/vmhost-link.ts';
import { readEnd, readEndOfBoot } from '../hosts/vmhost-process.ts';
import { scopeOutOfMemory } from '../limits/vmhost-scope.ts';
import { CLAIM_MS, claimSpec } from '../pool/claim-steps.ts';
import type { Claim } from '../pool/pool.ts';
import { adoptStaged } from '../saved/saved-copy.ts';
import { discardSaved, readSaved, SAVED_FOLDER, type SavedManifest } from '../saved/saved-machine.ts';
import { cannotResume, SAVE_MS, suspendMachine } from '../saved/suspend.ts';
import { keptMemory } from '../saved/take-up.ts';
import { lastWords } from '../supervision/last-words.ts';
import type { Ended } from '../supervision/restart-plan.ts';
import { Supervision } from '../supervision/supervision.ts';
import type { HostStatus } from '../vmhost/host-spec.ts';
import { BringUp, type StartRequest } from './bring-up.ts';
import type { Caller, Dependencies } from './dependencies.ts';
import { GuestCalls } from './guest-calls.ts';
import { identityOnDisk } from './identity-on-disk.ts';
import { lostPart } from './lost-parts.ts';
import { machineFacts } from './machine-facts.ts';
import { cannotStart } from './overlay.ts';
import { pinOf } from './pinned-kernel.ts';
import type { MachineRecord, MachineRun } from './records.ts';
import { view } from './view.ts';

/** A vmhost of an earlier daemon that has not answered for this long is said to be stuck. */
const SILENT_MS = 1_000;
/** Longer than a driver may take to obey. */
const ORDER_MS = 20_000;
/** What a vmhost says of a machine that is gone, while it is not gone itself. */
const ENDED: ReadonlySet<string> = new Set(['stopped', 'failed', 'suspended']);
const SILENT = 'its vmhost does not answer; nook vm kill ends it';

/** What may be written down of a machine once it is there. */
export interface Changing {
  /** Its guest can be asked. */
  readonly running: boolean;
  /** It has a vmhost. */
  readonly up: boolean;
  /** It is up, or saved with its memory: a machine that is what it is. */
  readonly fixed: boolean;
  /** @throws NookError `already_exists` */
  rename(name: string): void;
  reshape(shape: Partial<MachineRecord['shape']>): void;
}

/** A machine that nobody else does anything with. */
export interface HeldMachine {
  readonly record: MachineRecord;
  readonly dir: string;
  /** While it runs or is paused. */
  readonly link: VmhostLink | undefined;
  /** What it is now, without having run. */
  become(state: VmState): void;
}

/** One VM of this home: its record, its vmhost while it runs, and its verbs, one at a time. */
export class Machine {
  #record: MachineRecord;
  readonly #dependencies: Dependencies;
  /** Told when the machine is no more. */
  readonly #onRemoved: () => void;
  readonly #features: MachineFeatures;
  readonly #supervision: Supervision;
  #link: VmhostLink | undefined;
  /** Settles when the loss of the latest link has been dealt with. */
  #settled: Promise<void> = Promise.resolve();
  #queue: Promise<unknown> = Promise.resolve();
  #start: AbortController | undefined;
  #removal: Promise<void> | undefined;
  #claim: Claim | undefined;
  /** What is asked of its guest. */
  readonly guest: GuestCalls;

  constructor(record: MachineRecord, dependencies: Dependencies, onRemoved: () => void) {
    this.#record = record;
    this.#dependencies = dependencies;
    this.#onRemoved = onRemoved;
    this.guest = new GuestCalls({
      name: () => this.#record.name,
      imageConfig: () => this.#record.shape.image_config,
      dir: this.dir,
      link: (also) => (also === 'any' ? this.#anyLink() : this.#requireLink(also)),
    });
    this.#features = new MachineFeatures({
      features: dependencies.features,
      facts: () => machineFacts(this.#record),
      dir: this.dir,
    });
    this.#supervision = new Supervision({
      id: record.id,
      records: dependencies.supervision,
      clock: dependencies.clock,
      life: () => this.#record.shape.life ?? {},
      live: isLive(record.state),
      start: () => this.#restart(),
    });
  }

  get record(): MachineRecord {
    return this.#record;
  }

  /** What it writes to. */
  get disk(): string {
    return this.#dependencies.layers.diskOf(this.#record.id, this.dir);
  }

  get dir(): string {
    return machineDir(this.#dependencies, this.#record.id);
  }

  /** Settles when what follows the machine's latest end is done; rejects as that failed. */
  get settled(): Promise<void> {
    return this.#link ? Promise.resolve() : this.#settled;
  }

  /** @param options.parts with what each feature keeps of its part */
  view({ parts = false }: { parts?: boolean } = {}): VmView {
    return view(this.#record, {
      ...{ dir: this.dir, status: this.#link?.status, features: this.#features.view(parts) },
      ...{ supervision: this.#supervision.view(), full: parts },
    });
  }

  /** As `view`, with what it misses, and each step of the start with the time that it usually takes. */
  async viewBesideUsual(): Promise<VmView> {
    const cause = await this.lost();
    const shown = { ...this.view({ parts: true }), ...(cause === undefined ? {} : { cause }) };
    const usual = shown.came_up && this.#dependencies.usualTimes.of(shown.came_up);
    return { ...shown, boot: shown.boot.map((step) => ({ ...step, usual_ms: usual?.get(step.name) })) };
  }

  /** What it misses that it had; undefined: nothing. */
  lost(): Promise<string | undefined> {
    const layered = this.#dependencies.layers.isLayered(this.#record.id);
    return lostPart(this.#record, { dir: this.dir, disk: this.disk, layered });
  }

  /** The next start makes this VM of a machine that waits already. */
  takeOver(claim: Claim): void {
    this.#claim = claim;
  }

  /** A VM that was suspended goes on. @throws NookError `conflict` when it cannot; its memory is kept then */
  start(caller: Caller, options: StartRequest): Promise<VmView> {
    if (!options.supervised) this.#supervision.asked('running');
    return this.#exclusively(async () => {
      if (options.supervised && !this.#supervision.due) return this.view();
      return this.#startNow(caller, options);
    });
  }

  /** Ends the machine within `timeoutMs`, gently at first; a start in progress is given up. */
  async stop(caller: Caller, timeoutMs: number): Promise<VmView> {
    this.#supervision.asked('stopped');
    this.#giveUpStart('it was stopped while it started');
    return this.#exclusively(async () => {
      const link = this.#link;
      if (!link) return this.view();
      this.#set({ state: 'stopping', cause: undefined });
      await link
        .call('stop', { timeout_seconds: timeoutMs / 1000 }, { opId: caller.opId, timeoutMs: timeoutMs + ANSWER_MS })
        .catch((error: Error) => this.#endByForce(link, error));
      return this.#afterwards();
    });
  }

  /** Lets the guest stand still, its memory kept. @throws NookError `unavailable` when the driver cannot */
  pause(caller: Caller): Promise<VmView> {
    return this.#exclusively(() => this.#ask('pause', caller));
  }

  /** Lets a guest that was paused go on, or one that was suspended. */
  resume(caller: Caller): Promise<VmView> {
    return this.#exclusively(() =>
      this.#record.state === 'suspended'
        ? this.#startNow(caller, { sessionExpected: false })
        : this.#ask('resume', caller),
    );
  }

  /** Ends the machine with its memory saved, so that it goes on from there. */
  suspend(caller: Caller): Promise<VmView> {
    return this.#exclusively(async () => {
      if (this.#record.state === 'suspended') return this.view();
      const link = this.#requireLink('paused');
      await suspendMachine({
        ...{ record: this.#record, dir: this.dir, link },
        ...{ dependencies: this.#dependencies, caller },
      });
      return this.#afterwards();
    });
  }

  /** Work on the machine that no other verb comes between; a start is waited for, a stop in progress too. */
  hold<T>(work: (held: HeldMachine) => Promise<T>): Promise<T> {
    return this.#exclusively(async () => {
      this.#requireReadable();
      if (this.#link && this.#record.state !== 'running' && this.#record.state !== 'paused')
        this.#requireLink('paused');
      const become = (state: VmState) => this.#set({ state, cause: undefined });
      return work({ record: this.#record, dir: this.dir, link: this.#link, become });
    });
  }

  /** Ends the machine at once, also in the middle of a stop or a start. */
  async kill(caller: Caller): Promise<VmView> {
    this.#supervision.asked('stopped');
    if (this.#start) {
      this.#giveUpStart('it was killed while it started');
      await this.#queue;
    }
    const link = this.#link;
    if (link) {
      await link
        .call('force_stop', {}, { opId: caller.opId, timeoutMs: ANSWER_MS })
        .catch((error: Error) => this.#endByForce(link, error));
    }
    return this.#afterwards();
  }

  /** Sends its process a signal, also in the middle of another verb. @throws NookError `not_running` */
  async signal(number: number, caller: Caller): Promise<void> {
    await this.guest.ask(caller, 'signal', { params: { signal: number }, anyState: true });
  }

  /** Work on what is written down of this machine, while no other verb does any. */
  change<T>(work: (changing: Changing) => Promise<T>): Promise<T> {
    return this.#exclusively(async () => {
      this.#requireReadable();
      return work({
        running: this.#link !== undefined && this.#record.state === 'running',
        up: this.#link !== undefined,
        fixed: this.#link !== undefined || this.#record.state === 'suspended',
        rename: (name) => {
          this.#dependencies.records.rename(this.#record.id, name);
          this.#record = { ...this.#record, name };
        },
        reshape: (shape) => this.#reshape(shape),
      });
    });
  }

  /** @throws NookError `conflict`, before anything is done with a VM of which nobody knows what it is */
  #requireReadable(): void {
    const { unreadable } = this.#record;
    if (unreadable !== undefined) throw cannotStart(this.#record, `its record cannot be read: ${unreadable}`);
  }

  #reshape(shape: Partial<MachineRecord['shape']>): void {
    this.#record = { ...this.#record, shape: { ...this.#record.shape, ...shape } };
    this.#dependencies.records.reshape(this.#record);
    if ('life' in shape) this.#supervision.changed();
  }

  /** Removes it, unless it has come to be something else meanwhile. @returns whether it was */
  removeIf(still: () => boolean): Promise<boolean> {
    return this.#exclusively(async () => {
      if (this.#link || !still()) return false;
      await this.#removeNow(false);
      return true;
    });
  }

  /** @throws NookError `conflict` when it runs and `force` is not given */
  async remove(caller: Caller, force: boolean): Promise<void> {
    if (force) await this.kill(caller);
    if (this.#removal) return this.#removal;
    await this.#exclusively(async () => {
      if (this.#link || isLive(this.#record.state)) {
        throw new NookError('conflict', `VM '${this.#record.name}' is ${this.#record.state}.`, {
          hint: `Stop it first, or remove it with: nook vm rm --force ${this.#record.name}`,
        });
      }
      await this.#removeNow(force);
    });
  }

  /** Gives a feature of this machine another part. */
  async setFeature(caller: Caller, change: { name: string; part: unknown }): Promise<VmView> {
    return this.#exclusively(async () => {
      const link = this.#link && this.#requireLink();
      const guest = link && ((signal: AbortSignal) => featureGuest(link, { dir: this.dir, opId: caller.opId, signal }));
      await this.#features.change(change, guest, caller.signal);
      return this.view({ parts: true });
    });
  }

  /** What the features of this machine find. */
  examine(signal: AbortSignal): Promise<DoctorFinding[]> {
    return this.#features.examine(this.#link !== undefined, signal);
  }

  /** Finds out, after a start of the daemon, what became of the machine, and takes it up again where it runs. */
  async recover(): Promise<void> {
    const { state, unreadable } = this.#record;
    // Nobody knows any more what it is that may run there.
    if (unreadable !== undefined) return clearAway(this.dir, undefined, this.#dependencies);
    if (!isLive(state)) {
      if (state !== 'suspended') this.#supervision.recover({ rebooted: false });
      return this.#settle(() => this.#recoverOff());
    }
    const identity = await identityOnDisk(this.dir);
    if (!identity || !isAlive(identity)) {
      const rebooted = isOfAnotherBoot(identity) || isOfAnotherBoot(this.#record.run.vmhost);
      if (rebooted) return this.#settle(() => this.#onLost(identity?.token, 'the host was restarted', 'host'));
      const cause = state === 'starting' ? 'its start was interrupted' : 'its vmhost died';
      return this.#settle(() => this.#onLost(identity?.token, cause));
    }
    if (state === 'starting' && this.#features.due) {
      // Its guest may be up, but not all that its features make of it: nobody was given it yet.
      killExactly(identity);
      return this.#settle(() => this.#onLost(undefined, 'its start was interrupted'));
    }
    const link = await VmhostLink.open(this.dir, identity.token).catch(() => undefined);
    if (link) {
      this.#adopt(link, identity.token);
      this.#askForDisk(link);
      return;
    }
    // It lives and listens no more: it was ending when the daemon was gone.
    killExactly(identity);
    return this.#settle(() => this.#onLost(identity.token));
  }

  /** What was done to a machine that does not run may have been interrupted. */
  async #recoverOff(): Promise<void> {
    await this.#dependencies.layers.repair(this.#record, this.dir);
    if (await adoptStaged(this.dir, this.disk)) this.#set({ state: 'suspended' });
    else if (this.#record.state !== 'suspended') await discardSaved(join(this.dir, SAVED_FOLDER));
    const lost = await this.lost();
    if (lost !== undefined) this.#set({ state: 'failed', cause: lost });
    await this.#cleanUp();
  }

  /** An earlier daemon may have told it to go on with another one; it knows whether it did. */
  #askForDisk(link: VmhostLink): void {
    const { layers, log } = this.#dependencies;
    if (!layers.records.disk(this.#record.id).next) return;
    this.#exclusively(async () => {
      const { disk } = await link.call<{ disk: string }>('disk', {}, { opId: 'op-recover', timeoutMs: SAVE_MS });
      await layers.adopt(this.#record, this.dir, disk);
      await layers.collect();
    }).catch((error: Error) => log.warn({ vm: this.#record.name, error: error.message }, 'its disk is not known yet'));
  }

  /** Lets go of the vmhost, which goes on. */
  release(): void {
    this.#supervision.close();
    this.#link?.close();
    this.#link = undefined;
  }

  async #startNow(caller: Caller, options: StartRequest): Promise<VmView> {
    if (this.#record.state === 'paused') throw paused(this.#record.name);
    if (this.#link) return this.view();
    this.#requireReadable();
    this.#start = new AbortController();
    const signal = AbortSignal.any([caller.signal, this.#start.signal]);
    try {
      const starter = { opId: caller.opId, progress: (update: Progress) => caller.progress(update), signal };
      await this.#dependencies.activity.start(() => this.#bringUp(starter, options));
    } finally {
      this.#start = undefined;
    }
    return this.view();
  }

  /** Nothing is started by itself any more. */
  rest(): void {
    this.#supervision.close();
  }

  /** Starts it because its policy says so. */
  #restart(): void {
    const { operations, log, clock } = this.#dependencies;
    const { done } = operations.begin('vm.restart.auto', async (operation) => {
      this.#supervision.onStart();
      await this.start(operation, { sessionExpected: false, supervised: true });
      this.#supervision.onUp();
    });
    done.catch((error: unknown) => {
      log.warn({ vm: this.#record.name, error: String(error) }, 'a VM could not be started again');
      if (!this.#supervision.due || (isNookError(error) && error.code === 'cancelled')) return;
      this.#endedBadly({ at: clock.now(), failed: true, cause: (error as Error).message });
    });
  }

  #endedBadly(ended: Ended): void {
    const cause = this.#supervision.onEnd(ended);
    if (cause !== undefined) this.#set({ state: 'failed', cause });
  }

  async #bringUp(caller: Caller, options: StartRequest): Promise<void> {
    const { clock, templates } = this.#dependencies;
    // Before anything is lost, and again with nothing between it and the state that counts.
    this.#requireRoom();
    const saved = await this.#savedFor(options);
    const { next } = this.#record.shape;
    if (next !== undefined && !saved) this.#reshape({ ...next, next: undefined });
    const boot = this.#record.run.boot + 1;
    const claim = this.#claim && { op_id: caller.opId, session_expected: options.sessionExpected };
    this.#requireRoom();
    this.#set({
      state: 'starting',
      cause: undefined,
      run: {
        ...{ boot, steps: [], started_at: clock.now(), claim, kernel: this.#record.run.kernel },
        ...this.#claim?.member.record.run,
      },
    });
    try {
      const { context, steps, came_up, fallback } = await this.#bringingUp(caller, { ...options, boot, saved });
      this.#adopt(context.link as VmhostLink, context.token, {
        ...this.#record.run,
        ...{ steps, came_up, claim: undefined, ...(fallback === undefined ? {} : { fallback }) },
        kernel: context.kernel && pinOf(context.kernel, this.#record, this.#dependencies),
        accelerator: context.setup?.accelerator,
        machine: context.setup?.machine,
        driver_version: context.setup?.version,
        limits: context.limits,
        vmhost: context.vmhost,
      });
      // Nobody waits for it.
      setImmediate(() => this.#keepTimes(came_up));
      if (came_up === 'cold' && boot === 1) templates.onColdBoot(this.#record);
    } catch (error) {
      const cancelled = isNookError(error) && error.code === 'cancelled';
      const kept = saved && (await keptMemory(this.dir, this.disk));
      const end = await readEndOfBoot(this.dir, boot);
      const last = cancelled ? {} : await lastWords(this.dir, end, { boot, phase: undefined });
      if (cancelled && !options.supervised) this.#supervision.asked('stopped');
      this.#set({
        state: kept ? 'suspended' : cancelled ? 'stopped' : 'failed',
        cause: (error as Error).message,
        run: { ...this.#record.run, ...last, ended_at: clock.now() },
      });
      throw error;
    }
  }

  /** @throws NookError `unavailable`; what a member of the pool takes it has already */
  #requireRoom(): void {
    const { name, shape } = this.#record;
    if (!this.#claim) this.#dependencies.admission.require(`VM '${name}'`, shape.memory_bytes);
  }

  /** What a start goes on from. @throws NookError `conflict` when a suspended VM has lost it */
  async #savedFor({ discardMemory }: StartRequest): Promise<SavedManifest | undefined> {
    if (this.#record.state !== 'suspended') return undefined;
    if (discardMemory) {
      await discardSaved(join(this.dir, SAVED_FOLDER));
      return undefined;
    }
    const saved = await readSaved(join(this.dir, SAVED_FOLDER));
    if (!saved) throw cannotResume(this.#record.name, new Error('its saved memory is gone'));
    return saved;
  }

  #bringingUp(
    caller: Caller,
    options: StartRequest & { readonly boot: number; readonly saved: SavedManifest | undefined },
  ): ReturnType<BringUp['run']> {
    const claim = this.#claim;
    this.#claim = undefined;
    const starting = {
      record: this.#record,
      dir: this.dir,
      features: this.#features,
      dependencies: this.#dependencies,
    };
    return new BringUp(starting, caller, options).run(claim);
  }

  #keepTimes(way: CameUp): void {
    try {
      this.#dependencies.usualTimes.record(way, this.view().boot);
    } catch (error) {
      this.#dependencies.log.debug({ error: String(error) }, 'the times of a start were not kept');
    }
  }

  #adopt(link: VmhostLink, token: string, run: MachineRun = this.#record.run): void {
    this.#link = link;
    let finishing = false;
    const follow = (status: HostStatus | undefined) => {
      if (this.#link !== link || status === undefined) return;
      if (status.pooled) {
        if (!finishing) void this.#finishClaim(link);
        finishing = true;
        return;
      }
      const state: VmState = ENDED.has(status.state) ? 'stopping' : (status.state as VmState);
      // Its vmhost was told by a daemon that did not live to hear the answer.
      const claimed = this.#record.run.claim === undefined ? {} : { came_up: 'pool' as const, claim: undefined };
      this.#set({ state, cause: undefined, run: { ...this.#record.run, ...claimed, qemu_pid: status.qemu_pid } });
    };
    this.#set({ state: this.#record.state, run });
    link.onStatus = follow;
    follow(link.status);
    const silent = setTimeout(() => {
      if (this.#link === link && !link.status) this.#set({ state: this.#record.state, cause: SILENT });
    }, SILENT_MS).unref();
    void link.closed.then(() => clearTimeout(silent));
    this.#settled = link.closed.then(async () => {
      if (this.#link === link) await this.#onLost(token);
    });
    this.#settled.catch((error: Error) => this.#dependencies.log.error({ error: error.message }, 'the end of a VM'));
  }

  /** The daemon that took the machine out of the pool ended before it had told the vmhost. */
  async #finishClaim(link: VmhostLink): Promise<void> {
    const { run, shape } = this.#record;
    const opId = run.claim?.op_id ?? 'op-pool-claim';
    try {
      const network = await this.#dependencies.network.plan(shape.network);
      const sessionExpected = run.claim?.session_expected ?? false;
      const claim = claimSpec(this.#record, { network, sessionExpected, opId });
      await link.call('claim', claim, { opId, timeoutMs: CLAIM_MS });
      this.#set({ state: 'running', run: { ...this.#record.run, came_up: 'pool', claim: undefined } });
    } catch (error) {
      await link
        .call('force_stop', {}, { opId, timeoutMs: ANSWER_MS })
        .catch((stuck: Error) => this.#endByForce(link, stuck));
      await this.#afterwards();
      if (this.#removal) return;
      this.#set({ state: 'failed', cause: `the machine of the pool could not be used: ${(error as Error).message}` });
    }
  }

  /** The vmhost is gone: the machine has ended, or the vmhost died and the kernel took QEMU along. */
  async #onLost(token: string | undefined, cause = 'its vmhost died', by?: Ended['by']): Promise<void> {
    const phase = this.#link?.status?.phase;
    this.#link = undefined;
    const end = token === undefined ? undefined : await readEnd(this.dir, token);
    const starved = end ? undefined : await scopeOutOfMemory(this.dir);
    await clearAway(this.dir, end, this.#dependencies);
    await this.#dependencies.layers.repair(this.#record, this.dir);
    await adoptStaged(this.dir, this.disk);
    const kept = await keptMemory(this.dir, this.disk);
    const lost = end?.state === 'suspended' && !kept ? 'its saved memory is not what was saved' : undefined;
    const missing = end ? undefined : await this.lost();
    const { boot, started_at } = this.#record.run;
    const last = await lastWords(this.dir, end, { boot, phase });
    this.#set({
      state: kept ? 'suspended' : lost === undefined ? (end?.state ?? 'failed') : 'failed',
      cause: kept && end?.state === 'suspended' ? undefined : (lost ?? end?.cause ?? missing ?? starved ?? cause),
      run: {
        ...this.#record.run,
        ...last,
        ended_at: end?.at ?? this.#dependencies.clock.now(),
        qemu_pid: undefined,
        vmhost: undefined,
      },
    });
    this.#endedBadly({
      at: this.#record.run.ended_at ?? this.#dependencies.clock.now(),
      failed: this.#record.state === 'failed',
      cause: this.#record.cause ?? '',
      by: end?.ended_by ?? (end?.cause === 'stopped as asked' ? 'asked' : by),
      up_since: started_at,
    });
    if (this.#record.state === 'suspended') this.#supervision.asked('stopped');
    if (by === 'host') this.#supervision.recover({ rebooted: true });
    await this.#cleanUp();
  }

  /** Once the machine is gone. What a feature cannot clean up keeps the machine's record, which alone knows of it. */
  async #cleanUp(): Promise<void> {
    await this.#features.cleanUp('off');
    if (!this.#record.shape.auto_remove || this.#record.state === 'suspended') return;
    await this.#removeNow(false).catch((error: Error) =>
      this.#set({ state: this.#record.state, cause: `it could not be removed: ${error.message}` }),
    );
  }

  /** Features may take their time with what they clean up: neither a daemon's start nor other machines wait for them. */
  async #settle(work: () => Promise<void>): Promise<void> {
    const slow = this.#features.any;
    this.#settled = work();
    this.#settled.catch((error: Error) => this.#dependencies.log.error({ error: error.message }, 'the end of a VM'));
    if (!slow) await this.#settled;
  }

  /** A vmhost that does not do as told is killed: without it the kernel ends its QEMU too. */
  async #endByForce(link: VmhostLink, error: Error): Promise<void> {
    const stuck = isNookError(error) && error.code === 'timeout';
    const identity = stuck ? await identityOnDisk(this.dir) : undefined;
    if (identity && killExactly(identity)) {
      this.#dependencies.log.warn(
        { vm: this.#record.name, error: error.message },
        'vmhost does not obey, it was killed',
      );
    }
    // Otherwise it is ending: it was gone before its answer could be read.
    await link.closed;
  }

  async #afterwards(): Promise<VmView> {
    await this.#link?.closed;
    await this.#settled;
    return this.view();
  }

  #giveUpStart(cause: string): void {
    this.#start?.abort(new NookError('cancelled', `The start of '${this.#record.name}' was given up: ${cause}.`));
  }

  #removeNow(force: boolean): Promise<void> {
    this.#removal ??= (async () => {
      this.#supervision.close();
      await this.#features.leave(force);
      await rm(this.dir, { recursive: true, force: true });
      this.#dependencies.records.delete(this.#record.id);
      await this.#dependencies.layers.collect();
      this.#onRemoved();
      const { name, id } = this.#record;
      this.#dependencies.events.publish('vm.removed', { name, id }, { durable: true });
    })().catch((error) => {
      this.#removal = undefined;
      throw error;
    });
    return this.#removal;
  }

  #set(change: { state: VmState; cause?: string | undefined; run?: MachineRun }): void {
    const before = this.#record;
    this.#record = { ...before, ...change, run: change.run ?? before.run };
    this.#dependencies.records.update(this.#record);
    if (before.state === change.state) return;
    const { name, id, state, cause } = this.#record;
    this.#dependencies.log.info({ vm: name, state, cause }, 'vm state');
    this.#dependencies.events.publish(
      'vm.state',
      { name, id, state, ...(cause === undefined ? {} : { cause }) },
      { durable: true },
    );
  }

  async #ask(verb: 'pause' | 'resume', caller: Caller): Promise<VmView> {
    const link = this.#requireLink('paused');
    await link.call(verb, {}, { opId: caller.opId, timeoutMs: ORDER_MS, signal: caller.signal });
    await link.until(({ state }) => (state === 'paused') === (verb === 'pause'), AbortSignal.timeout(ANSWER_MS));
    return this.view();
  }

  #anyLink(): VmhostLink {
    return this.#link ?? this.#requireLink();
  }

  /** @param also another state than `running` that will do */
  #requireLink(also?: 'paused'): VmhostLink {
    const { name, state } = this.#record;
    if (this.#link && (state === 'running' || state === also)) return this.#link;
    if (state === 'paused') throw paused(name);
    throw new NookError('not_running', `VM '${name}' is ${state}.`, { hint: `Start it: nook vm start ${name}` });
  }

  /** Verbs that change the machine wait for each other. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(async () => {
      if (!this.#link) await this.#settled.catch(() => {});
      if (this.#removal) throw new NookError('not_found', `VM '${this.#record.name}' was removed.`);
      return work();
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

function paused(name: string): NookError {
  return new NookError('not_running', `VM '${name}' is paused.`, { hint: `Let it go on: nook vm resume ${name}` });
}

function machineDir({ dirs }: Pick<Dependencies, 'dirs'>, id: string): string {
  return join(dirs.state, 'vms', id);
}

function isOfAnotherBoot(identity: ProcessIdentity | undefined): boolean {
  return identity !== undefined && identity.boot_id !== '' && identity.boot_id !== bootId();
}

export function isLive(state: VmState): boolean {
  return state === 'starting' || state === 'running' || state === 'stopping' || state === 'paused';
}
