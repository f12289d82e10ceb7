import { type DoctorFinding, isNookError, type MachineNetwork, NookError } from '@nook/daemonapi';
import type { VmState, VmView } from '../contract.ts';
import { featureGuest } from '../features/guest-exec.ts';
import { ANSWER_MS, type VmhostLink } from '../hosts/vmhost-link.ts';
import type { Claim } from '../pool/pool.ts';
import { suspendMachine } from '../saved/suspend.ts';
import type { StartRequest } from './bring-up.ts';
import type { Caller, Dependencies } from './dependencies.ts';
import { GuestCalls } from './guest-calls.ts';
import { isLive, MachineCore } from './machine-core.ts';
import { MachineEnd } from './machine-end.ts';
import { MachineLink } from './machine-link.ts';
import { recoverMachine } from './machine-recovery.ts';
import { MachineStart } from './machine-start.ts';
import type { MachineRecord } from './records.ts';
import { view } from './view.ts';

/** Longer than a driver may take to obey. */
const ORDER_MS = 20_000;

/** What may be written down of a machine once it is there. */
export interface Changing {
  /** Its guest can be asked. */
  readonly running: boolean;
  /** It has a vmhost. */
  readonly up: boolean;
  /** It is up, or saved with its memory: a machine that is what it is. */
  readonly fixed: boolean;
  /** Has a machine that is up lead these ports of the host, and no others, into its guest. */
  forward(forwards: MachineNetwork['host_forwards'], opId: string): Promise<void>;
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

/** One VM of this home, and its verbs, one at a time. */
export class Machine {
  readonly #core: MachineCore;
  readonly #end: MachineEnd;
  readonly #following: MachineLink;
  readonly #start: MachineStart;
  /** What is asked of its guest. */
  readonly guest: GuestCalls;

  /** @param onRemoved told when the machine is no more */
  constructor(record: MachineRecord, dependencies: Dependencies, onRemoved: () => void) {
    const core = new MachineCore({ record, dependencies, onDue: () => this.#restart() });
    this.#core = core;
    this.#end = new MachineEnd(core, onRemoved);
    this.#following = new MachineLink(core, this.#end);
    this.#start = new MachineStart(core, this.#following);
    this.guest = new GuestCalls({
      name: () => core.record.name,
      imageConfig: () => core.record.shape.image_config,
      dir: core.dir,
      link: (also) => (also === 'any' ? core.anyLink() : core.requireLink(also)),
    });
  }

  get record(): MachineRecord {
    return this.#core.record;
  }

  /** What it writes to. */
  get disk(): string {
    return this.#core.disk;
  }

  get dir(): string {
    return this.#core.dir;
  }

  /** Settles when what follows the machine's latest end is done; rejects as that failed. */
  get settled(): Promise<void> {
    return this.#core.link ? Promise.resolve() : this.#core.settled;
  }

  /** @param options.parts with what each feature keeps of its part */
  view({ parts = false }: { parts?: boolean } = {}): VmView {
    const { record, dir, link, features, supervision } = this.#core;
    return view(record, {
      ...{ dir, status: link?.status, features: features.view(parts) },
      ...{ supervision: supervision.view(), full: parts },
    });
  }

  /** As `view`, with what it misses, and each step of the start with the time that it usually takes. */
  async viewBesideUsual(): Promise<VmView> {
    const cause = await this.lost();
    const shown = { ...this.view({ parts: true }), ...(cause === undefined ? {} : { cause }) };
    const usual = shown.came_up && this.#core.dependencies.usualTimes.of(shown.came_up);
    return { ...shown, boot: shown.boot.map((step) => ({ ...step, usual_ms: usual?.get(step.name) })) };
  }

  /** What it misses that it had; undefined: nothing. */
  lost(): Promise<string | undefined> {
    return this.#core.lost();
  }

  /** The next start makes this VM of a machine that waits already. */
  takeOver(claim: Claim): void {
    this.#start.takeOver(claim);
  }

  /** A VM that was suspended goes on. @throws NookError `conflict` when it cannot; its memory is kept then */
  start(caller: Caller, options: StartRequest): Promise<VmView> {
    const { supervision } = this.#core;
    if (!options.supervised) supervision.asked('running');
    return this.#core.exclusively(async () => {
      if (!options.supervised || supervision.due) await this.#start.run(caller, options);
      return this.view();
    });
  }

  /** Ends the machine within `timeoutMs`, gently at first; a start in progress is given up. */
  async stop(caller: Caller, timeoutMs: number): Promise<VmView> {
    this.#core.supervision.asked('stopped');
    this.#start.giveUp('it was stopped while it started');
    return this.#core.exclusively(async () => {
      const { link } = this.#core;
      if (!link) return this.view();
      this.#core.set({ state: 'stopping', cause: undefined });
      await link
        .call('stop', { timeout_seconds: timeoutMs / 1000 }, { opId: caller.opId, timeoutMs: timeoutMs + ANSWER_MS })
        .catch((error: Error) => this.#end.byForce(link, error));
      return this.#afterwards();
    });
  }

  /** Lets the guest stand still, its memory kept. @throws NookError `unavailable` when the driver cannot */
  pause(caller: Caller): Promise<VmView> {
    return this.#core.exclusively(() => this.#ask('pause', caller));
  }

  /** Lets a guest that was paused go on, or one that was suspended. */
  resume(caller: Caller): Promise<VmView> {
    return this.#core.exclusively(async () => {
      if (this.record.state !== 'suspended') return this.#ask('resume', caller);
      await this.#start.run(caller, { sessionExpected: false });
      return this.view();
    });
  }

  /** Ends the machine with its memory saved, so that it goes on from there. */
  suspend(caller: Caller): Promise<VmView> {
    return this.#core.exclusively(async () => {
      if (this.record.state === 'suspended') return this.view();
      const link = this.#core.requireLink('paused');
      const { record, dir, dependencies } = this.#core;
      await suspendMachine({ record, dir, link, dependencies, caller });
      return this.#afterwards();
    });
  }

  /** Work on the machine that no other verb comes between; a start is waited for, a stop in progress too. */
  hold<T>(work: (held: HeldMachine) => Promise<T>): Promise<T> {
    return this.#core.exclusively(async () => {
      this.#core.requireReadable();
      const { record, dir, link } = this.#core;
      if (link && record.state !== 'running' && record.state !== 'paused') this.#core.requireLink('paused');
      return work({ record, dir, link, become: (state) => this.#core.set({ state, cause: undefined }) });
    });
  }

  /** Ends the machine at once, also in the middle of a stop or a start. */
  async kill(caller: Caller): Promise<VmView> {
    this.#core.supervision.asked('stopped');
    if (this.#start.underWay) {
      this.#start.giveUp('it was killed while it started');
      await this.#core.idle();
    }
    const { link } = this.#core;
    if (link) {
      await link
        .call('force_stop', {}, { opId: caller.opId, timeoutMs: ANSWER_MS })
        .catch((error: Error) => this.#end.byForce(link, error));
    }
    return this.#afterwards();
  }

  /** Sends its process a signal, also in the middle of another verb. @throws NookError `not_running` */
  async signal(number: number, caller: Caller): Promise<void> {
    await this.guest.ask(caller, 'signal', { params: { signal: number }, anyState: true });
  }

  /** Work on what is written down of this machine, while no other verb does any. */
  change<T>(work: (changing: Changing) => Promise<T>): Promise<T> {
    const core = this.#core;
    return core.exclusively(async () => {
      core.requireReadable();
      return work({
        running: core.link !== undefined && core.record.state === 'running',
        up: core.link !== undefined,
        fixed: core.link !== undefined || core.record.state === 'suspended',
        forward: async (forwards, opId) => {
          await core.requireLink('paused').call('forward', { forwards }, { opId, timeoutMs: ORDER_MS });
        },
        rename: (name) => core.rename(name),
        reshape: (shape) => core.reshape(shape),
      });
    });
  }

  /** Removes it, unless it has come to be something else meanwhile. @returns whether it was */
  removeIf(still: () => boolean): Promise<boolean> {
    return this.#core.exclusively(async () => {
      if (this.#core.link || !still()) return false;
      await this.#end.removeNow(false);
      return true;
    });
  }

  /** @throws NookError `conflict` when it runs and `force` is not given */
  async remove(caller: Caller, force: boolean): Promise<void> {
    if (force) await this.kill(caller);
    const removed = this.#core.exclusively(async () => {
      const { name, state } = this.record;
      if (this.#core.link || isLive(state)) {
        throw new NookError('conflict', `VM '${name}' is ${state}.`, {
          hint: `Stop it first, or remove it with: nook vm rm --force ${name}`,
        });
      }
      await this.#end.removeNow(force);
    });
    // Whoever had it made may remove it meanwhile, since it did not start.
    await removed.catch((error: Error) => this.#core.removal ?? Promise.reject(error));
  }

  /** Gives a feature of this machine another part. */
  async setFeature(caller: Caller, change: { name: string; part: unknown }): Promise<VmView> {
    const { dir, features } = this.#core;
    return this.#core.exclusively(async () => {
      const link = this.#core.link && this.#core.requireLink();
      const guest = link && ((signal: AbortSignal) => featureGuest(link, { dir, opId: caller.opId, signal }));
      await features.change(change, guest, caller.signal);
      return this.view({ parts: true });
    });
  }

  /** What the features of this machine find. */
  examine(signal: AbortSignal): Promise<DoctorFinding[]> {
    return this.#core.features.examine(this.#core.link !== undefined, signal);
  }

  /** Finds out, after a start of the daemon, what became of the machine, and takes it up again where it runs. */
  recover(): Promise<void> {
    return recoverMachine(this.#core, this.#end, this.#following);
  }

  /** Lets go of the vmhost, which goes on. */
  release(): void {
    this.#core.supervision.close();
    this.#core.link?.close();
    this.#core.link = undefined;
  }

  /** Nothing is started by itself any more. */
  rest(): void {
    this.#core.supervision.close();
  }

  /** Starts it because its policy says so. */
  #restart(): void {
    const { dependencies, supervision } = this.#core;
    const { operations, log, clock } = dependencies;
    const { done } = operations.begin('vm.restart.auto', async (operation) => {
      supervision.onStart();
      await this.start(operation, { sessionExpected: false, supervised: true });
      supervision.onUp();
    });
    done.catch((error: unknown) => {
      log.warn({ vm: this.record.name, error: String(error) }, 'a VM could not be started again');
      if (!supervision.due || (isNookError(error) && error.code === 'cancelled')) return;
      this.#end.endedBadly({ at: clock.now(), failed: true, cause: (error as Error).message });
    });
  }

  async #ask(verb: 'pause' | 'resume', caller: Caller): Promise<VmView> {
    const link = this.#core.requireLink('paused');
    await link.call(verb, {}, { opId: caller.opId, timeoutMs: ORDER_MS, signal: caller.signal });
    await link.until(({ state }) => (state === 'paused') === (verb === 'pause'), AbortSignal.timeout(ANSWER_MS));
    return this.view();
  }

  async #afterwards(): Promise<VmView> {
    await this.#end.reached();
    return this.view();
  }
}
