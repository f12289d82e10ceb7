import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import {
  isNookError,
  type Logger,
  type MachineExit,
  type MachineHost,
  type MachineNetwork,
  NookError,
} from '@nook/daemonapi';
import { randomBytes, writeFileAtomic } from '@nook/wire';
import { passGate } from '../gate.ts';
import { ownOutOfMemory } from '../limits/vmhost-scope.ts';
import { discardSaved, readSaved, SAVED_FILES } from '../saved/saved-machine.ts';
import { signalName } from '../signal-number.ts';
import type { LifeLimits } from '../supervision/life.ts';
import { ConsoleLog } from './console-log.ts';
import { DrivenMachine } from './driven-machine.ts';
import { endOf } from './end-cause.ts';
import { GuestChannel } from './guest-channel.ts';
import {
  type ClaimSpec,
  consoleFile,
  FILL_MS,
  type HostEnd,
  type HostPhase,
  type HostSpec,
  type HostStatus,
  VM_FILES,
} from './host-spec.ts';
import { IdleCollector } from './idle-collector.ts';
import { inquire } from './inquiry.ts';
import { LifeTimer } from './life-timer.ts';
import { MachineStop } from './machine-stop.ts';
import { NetworkMembership } from './network-membership.ts';
import { Reconfiguration } from './reconfiguration.ts';
import { readSessions } from './saved-sessions.ts';
import { type SaveRequest, type SaveResult, Saving } from './saving.ts';
import { SessionTable } from './session-table.ts';
import type { StopStage } from './stop-plan.ts';

/** How long a machine that can no longer be spoken to has to end by itself. */
const LAST_WORDS_MS = 1_000;
/** What is looked through for the cause of an end: a panic comes with a trace of some sixty lines. */
const CAUSE_LINES = 200;
/** An init of the image's ends its services in its own order; when it is late, nothing is left to be waited for. */
const PATIENCE = 1.4;
/** Of the time before SIGKILL: for commands that are asked by a signal of their own first. */
const OWN_SIGNAL_SHARE = 0.75;
/** For a machine that a limit of its own ends. */
const LIMIT_STOP_MS = 10_000;
const CONSOLE_LIMIT = 8 * 1024 * 1024;

/** A disk that is larger, and what its file system is. */
export interface DiskGrowth {
  /** `growing`: by the guest's agent, which goes on with it. `as_before`: until the next start. */
  readonly file_system: 'grown' | 'growing' | 'as_before';
  readonly why?: string;
}

/** One VM from its machine's start to its end. */
export class VmHost {
  readonly sessions: SessionTable;
  /** Settles when the machine is gone and `ended.json` is written. */
  readonly ended: Promise<HostEnd>;
  onStatus: (status: HostStatus) => void = () => {};
  readonly #log: Logger;
  #spec: HostSpec;
  #began = performance.now();
  /** How long it ran before it was suspended, in milliseconds; undefined: it was not. */
  #ranBefore: number | undefined;
  /** Since when its longest duration counts. */
  #runsSince = performance.now();
  readonly #console: ConsoleLog;
  #marks: { phase: HostPhase; at_ms: number }[] = [];
  readonly #machine: DrivenMachine;
  readonly #stop: MachineStop;
  readonly #reconfiguration = new Reconfiguration();
  readonly #collector = new IdleCollector(globalThis.gc);
  #guest: GuestChannel | undefined;
  readonly #network: NetworkMembership | undefined;
  #claiming: Promise<void> | undefined;
  #failure: string | undefined;
  readonly #saving: Saving;
  #epoch = 1n;
  /** The latest signal that its process was sent. */
  #signalled: string | undefined;
  readonly #life: LifeTimer;
  /** What it is ended for by itself. */
  #limit: string | undefined;
  #end: HostEnd | undefined;
  #resolveEnd!: (end: HostEnd) => void;

  constructor(spec: HostSpec, log: Logger) {
    this.#spec = spec;
    this.#log = log;
    this.#console = new ConsoleLog(join(spec.machine.dir, consoleFile(spec.boot)), CONSOLE_LIMIT);
    this.ended = new Promise((resolve) => {
      this.#resolveEnd = resolve;
    });
    this.sessions = new SessionTable(() => this.#guest, {
      onOver: () => this.forceStop('its session ended'),
      onChange: () => this.#life.look(),
      autoRemove: () => this.#spec.auto_remove,
      log,
    });
    this.#machine = new DrivenMachine(spec.driver, spec.machine);
    this.#network = spec.network_place && new NetworkMembership(spec.network_place, { spec, log });
    this.#life = new LifeTimer({
      inUse: () => this.#paused || this.sessions.inUse,
      onDue: (cause) => this.#onLimit(cause),
      now: () => performance.now(),
    });
    this.#saving = new Saving({
      ...{ machine: this.#machine, sessions: this.sessions, log },
      spec: () => this.#spec,
      guest: () => this.#guest,
      paused: () => this.#paused,
      requireReady: () => this.requireReady(),
      run: () => ({ epoch: this.#epoch, ranMs: performance.now() - this.#runsSince }),
      leave: () => this.#leaveSaved(),
      onChange: () => this.onStatus(this.status()),
    });
    this.#stop = new MachineStop(
      {
        abilities: () => ({
          agent: this.phase === 'ready' || this.phase === 'stopping',
          ...this.#machine.abilities,
        }),
        act: (stage, graceMs) => this.#actOnStop(stage, graceMs),
      },
      () => performance.now(),
    );
    this.#mark('launch');
  }

  get spec(): HostSpec {
    return this.#spec;
  }

  get phase(): HostPhase {
    return this.#marks.at(-1)?.phase ?? 'launch';
  }

  status(): HostStatus {
    return {
      phase: this.phase,
      state: this.#end?.state ?? (this.#paused ? 'paused' : stateOf(this.phase)),
      pid: process.pid,
      ...(this.#spec.pooled ? { pooled: true } : {}),
      qemu_pid: this.#machine.pid,
      boot: this.spec.boot,
      marks: this.#marks,
      end: this.#end,
    };
  }

  /**
   * Starts the machine and brings the guest to `ready`; a failure ends the machine with that cause.
   * @param go when it may
   */
  async boot(go: Promise<void>): Promise<void> {
    let deadline: NodeJS.Timeout | undefined;
    // Needs no leave, and takes about as long, where the network is up already; with the leave it is.
    const joining = this.#network?.join();
    joining?.catch(() => {});
    try {
      await go;
      deadline = setTimeout(() => this.#fail(this.#lateCause()), this.spec.boot_deadline_ms);
      const tap = await joining?.catch(() => this.#network?.join());
      const { exited } = await this.#machine.launch(this.#machineHost(), tap);
      void exited.then((exit) => this.#onExit(exit));
      this.#network?.taken();
      // It was given up while it was launched, when there was nothing to kill.
      if (this.#failure !== undefined || this.phase === 'stopping') this.#machine.kill();
      const { agent } = await Promise.race([this.#machine.started(), this.#gone()]);
      if (this.phase === 'launch') this.#mark('machine');
      await passGate('phase.machine');
      this.#connectGuest(agent);
      await this.#prepareGuest();
    } catch (error) {
      await this.#exitOrDelay(error as Error);
    } finally {
      clearTimeout(deadline);
    }
  }

  #machineHost(): MachineHost {
    return {
      log: this.#log,
      console: (bytes) => this.#onConsole(bytes),
      stderr: (text) => this.#log.warn({ machine_stderr: text.trim() }, 'the machine says'),
    };
  }

  /** A machine that ends by itself closes its sockets first; its own last words tell more than they do. */
  async #exitOrDelay(error: Error): Promise<void> {
    const late = setTimeout(() => this.#fail(error.message), this.#machine.pid === undefined ? 0 : LAST_WORDS_MS);
    await this.ended;
    clearTimeout(late);
  }

  /** Ends the machine within `timeoutMs`, gently at first. */
  stop(timeoutMs: number): Promise<HostEnd> {
    if (!this.#end) {
      const paused = this.#paused;
      this.#mark('stopping');
      this.#stop.begin(timeoutMs);
      // The guest must run to hear of it, but not while it is saved; one that cannot is asked nothing.
      if (paused) {
        this.#saving.rests.then(() => this.#machine.resume()).catch((error: Error) => this.forceStop(error.message));
      }
    }
    return this.ended;
  }

  forceStop(why: string): Promise<HostEnd> {
    if (!this.#end) {
      this.#log.info({ why }, 'forced stop');
      this.#mark('stopping');
      this.#stop.force();
    }
    return this.ended;
  }

  /**
   * Sends the machine's process a signal. If that ends it, it was asked for.
   * @throws NookError `unavailable` when the driver cannot, `not_running` when the process is gone
   */
  signal(number: number): void {
    const name = signalName(number);
    this.#log.info({ signal: name }, 'signal');
    this.#signalled = name;
    if (!this.#machine.signal(number)) throw new NookError('not_running', 'The process of the VM is gone.');
  }

  /** @throws NookError `unavailable` when the driver cannot, `not_running` when the guest is not ready */
  async pause(): Promise<void> {
    await this.#saving.rests;
    if (this.#paused) return;
    this.requireReady();
    await this.#machine.pause();
    this.#life.look();
    this.onStatus(this.status());
  }

  async resume(): Promise<void> {
    await this.#saving.rests;
    if (!this.#paused) return this.requireReady();
    await this.#machine.resume();
    this.#life.look();
    this.onStatus(this.status());
  }

  /** Other limits, from now on. */
  limit({ idle_timeout_ms, max_duration_ms }: LifeLimits): void {
    this.#spec = { ...this.#spec, idle_timeout_ms, max_duration_ms };
    this.#life.change(this.#spec);
  }

  /** @throws NookError `unavailable` when the driver cannot, `not_running` when the guest is not ready */
  save(request: SaveRequest): Promise<SaveResult> {
    return this.#saving.save(request);
  }

  /** The file that the machine writes to, once no save is under way. */
  disk(): Promise<{ readonly disk: string }> {
    return this.#saving.disk();
  }

  #leaveSaved(): void {
    this.#mark('stopping');
    this.#machine.kill();
  }

  /** Runs a command once and forgets it: what a first command costs the guest is paid before it is saved. */
  async rehearse(argv: readonly string[]): Promise<void> {
    this.requireReady();
    await (this.#guest as GuestChannel).rehearse(argv);
  }

  /**
   * Turns a machine of the pool into a VM. Asked again, by a daemon that does not know how far the one before it came, it
   * waits for what is under way.
   * @throws NookError `conflict` when the machine is a VM already, but not this one
   */
  claim(claim: ClaimSpec): Promise<void> {
    if (this.#spec.pooled) this.#claiming ??= this.#become(claim);
    else if (this.#spec.identity.machine_id !== claim.identity.machine_id) {
      throw new NookError('conflict', `The machine was claimed as '${this.#spec.identity.hostname}'.`);
    }
    return this.#claiming ?? Promise.resolve();
  }

  async #become({ network, ...claim }: ClaimSpec): Promise<void> {
    this.#began = performance.now();
    this.#marks = [];
    this.#mark('agent');
    if (network.mode !== 'none') await this.#machine.connectNetwork({ ...this.#spec.machine.network, ...network });
    const { machine } = this.#spec;
    this.#spec = { ...this.#spec, ...claim, machine: { ...machine, network: { ...machine.network, ...network } } };
    await this.#machine.resume();
    await this.#identify(BigInt(Date.now()));
    this.#spec = { ...this.#spec, pooled: undefined };
    this.#becomeReady();
    void this.#writeSpec();
  }

  async #writeSpec(): Promise<void> {
    await writeFileAtomic(join(this.#spec.machine.dir, VM_FILES.spec), JSON.stringify(this.#spec)).catch(
      (error: Error) => this.#log.error({ error: error.message }, 'what the machine is now could not be written down'),
    );
  }

  requireReady(): void {
    if (this.phase === 'ready' && !this.#paused) return;
    throw new NookError('not_running', `The VM is not ready for commands: it is ${this.status().state}.`);
  }

  /**
   * Tells a guest in use what of it is otherwise now.
   * @throws NookError `not_running`, `operation_failed` when the guest could not, `timeout`
   */
  async reconfigure({ hostname }: { readonly hostname?: string }): Promise<void> {
    this.requireReady();
    await this.#reconfiguration.ask(this.#guest as GuestChannel, hostname === undefined ? {} : { hostname });
    if (hostname === undefined) return;
    this.#spec = { ...this.#spec, identity: { ...this.#spec.identity, hostname } };
    this.#network?.rename(hostname);
    await this.#writeSpec();
  }

  /** These ports of the host, and no others, lead into the guest. @throws NookError `conflict`, `unavailable` */
  async setForwards(host_forwards: MachineNetwork['host_forwards']): Promise<void> {
    if (this.phase !== 'ready') throw new NookError('not_running', 'The VM is not up.');
    await this.#machine.setForwards(host_forwards);
    const { machine } = this.#spec;
    this.#spec = { ...this.#spec, machine: { ...machine, network: { ...machine.network, host_forwards } } };
    await this.#writeSpec();
  }

  /**
   * Gives the machine a larger disk, and lets the guest's file system fill it.
   * @throws NookError `not_running`, `unavailable` when the driver cannot
   */
  async growDisk(bytes: number): Promise<DiskGrowth> {
    this.requireReady();
    return this.#enlarge(bytes);
  }

  async #enlarge(bytes: number): Promise<DiskGrowth> {
    await this.#machine.growDisk(bytes);
    const asked = this.#reconfiguration.ask(this.#guest as GuestChannel, { diskBytes: BigInt(bytes) }, FILL_MS);
    return asked.then(
      () => ({ file_system: 'grown' }),
      (error: Error) => ({
        file_system: isNookError(error) && error.code === 'timeout' ? 'growing' : 'as_before',
        why: error.message,
      }),
    );
  }

  /** A machine that works with less space is better than none: its next start tries again. */
  async #growAsAsked(): Promise<void> {
    const { grow_disk: bytes } = this.#spec;
    if (bytes === undefined) return;
    const grown = await this.#enlarge(bytes).catch((error: Error) => ({ why: error.message }));
    if (grown.why !== undefined) this.#log.warn({ bytes, ...grown }, 'the disk did not grow yet');
  }

  /** Asks the guest's agent; see {@link inquire}. */
  inquire(type: number): Promise<Buffer> {
    this.requireReady();
    return inquire(this.#guest as GuestChannel, type);
  }

  get #paused(): boolean {
    return this.phase === 'ready' && this.#machine.paused;
  }

  #connectGuest(agent: Duplex): void {
    agent.on('data', (chunk: Buffer) => this.#collector.passed(chunk.length));
    this.#guest = new GuestChannel(agent, (error) =>
      this.#fail(`the guest's agent broke the protocol: ${error.message}`),
    );
  }

  async #prepareGuest(): Promise<void> {
    const resumed = this.#spec.machine.resume !== undefined;
    // A guest that was saved has said it before.
    if (!resumed) await Promise.race([(this.#guest as GuestChannel).hello, this.#gone()]);
    const { saved } = this.#spec;
    if (saved !== undefined) return this.#takeUp(saved);
    await this.#identify(resumed ? BigInt(Date.now()) : 1n);
    await this.#growAsAsked();
    this.#becomeReady();
  }

  /** Goes on as the machine that was saved, with its sessions; those of a copy are ended by its guest. */
  async #takeUp(folder: string): Promise<void> {
    const copy = (await readSaved(folder))?.continues !== true;
    const { guest, output, pending } = readSessions(join(folder, SAVED_FILES.sessions));
    const channel = this.#guest as GuestChannel;
    channel.beginAt(guest.next_channel);
    if (!copy) this.#ranBefore = guest.ran_ms ?? 0;
    this.sessions.restore(guest.table, output, copy);
    await this.#identify(copy ? BigInt(Date.now()) : BigInt(guest.epoch));
    await discardSaved(folder);
    if (!copy) channel.sendKept(pending);
    await this.#growAsAsked();
    this.#becomeReady();
    this.sessions.goOn();
  }

  async #identify(epoch: bigint): Promise<void> {
    this.#epoch = epoch;
    this.#mark('agent');
    await passGate('phase.agent');
    const { identity, machine, guest_network } = this.#spec;
    await (this.#guest as GuestChannel).configure(
      {
        hostname: identity.hostname,
        machineId: identity.machine_id,
        timeNs: BigInt(Date.now()) * 1_000_000n,
        entropy: randomBytes(64),
        mac: machine.network.mac,
        ...(guest_network ?? {}),
        mounts: this.spec.guest_mounts.map(({ tag, target, read_only }) => ({ tag, target, readOnly: read_only })),
        ...(this.spec.init === 'image' ? { imageInit: true } : {}),
      },
      epoch,
    );
  }

  #becomeReady(): void {
    this.#mark('ready');
    this.#collector.soon();
    // What a resume takes does not count: one that was not refused does not fail for it.
    this.#runsSince = this.#ranBefore === undefined ? this.#began : performance.now() - this.#ranBefore;
    if (!this.#spec.pooled) this.#life.begin(this.#runsSince, this.#spec);
    if (this.#spec.session_expected) this.sessions.expectFirst(this.#spec.session_delay_ms ?? 0);
  }

  #onConsole(chunk: Buffer): void {
    if (this.phase === 'launch' || this.phase === 'machine') this.#mark('kernel');
    this.#console.append(chunk);
  }

  #actOnStop(stage: StopStage, graceMs: number): void {
    this.#log.info({ stage }, 'stop');
    passGate(`stop.${stage}`).then(
      () => this.#order(stage, graceMs),
      () => {},
    );
  }

  #onLimit(cause: string): void {
    if (this.#end || this.phase === 'stopping') return;
    this.#limit = cause;
    this.#log.info({ cause }, 'a limit is reached');
    void this.stop(LIMIT_STOP_MS);
  }

  #order(stage: StopStage, graceMs: number): void {
    if (stage === 'agent') void this.#powerOff(this.spec.init === 'image' ? graceMs * PATIENCE : graceMs);
    else if (stage === 'kill') this.#machine.kill();
    else this.#machine.order(stage, this.#log);
  }

  /** Commands that their image wants to be ended by another signal get it before all get SIGTERM, and most of the time. */
  async #powerOff(graceMs: number): Promise<void> {
    const began = performance.now();
    await this.sessions.endByOwnSignals(graceMs * OWN_SIGNAL_SHARE);
    this.#guest?.powerOff(Math.max(0, Math.round(graceMs - (performance.now() - began))));
  }

  #fail(cause: string): void {
    if (this.#failure !== undefined || this.#end) return;
    this.#failure = cause;
    this.#log.error({ cause, phase: this.phase }, 'the VM failed');
    if (this.#machine.pid === undefined) this.#onExit({ code: null, signal: null, stderr: cause });
    else this.#stop.force();
  }

  #lateCause(): string {
    const seconds = Math.round(this.spec.boot_deadline_ms / 1000);
    const missing = {
      launch: this.#network?.joining ? 'its network did not take it in' : `${this.spec.driver.title} did not come up`,
      machine: 'the kernel printed nothing',
      kernel: "the guest's agent did not answer",
      agent: 'the guest did not take its configuration',
    };
    return `${missing[this.phase as keyof typeof missing] ?? 'the guest was not ready'} within ${seconds} s`;
  }

  #gone(): Promise<never> {
    return this.ended.then((end) => {
      throw new NookError('unavailable', end.cause);
    });
  }

  #onExit(exit: MachineExit): void {
    if (this.#end) return;
    const lastPhase = this.#marks.findLast(({ phase }) => phase !== 'stopping')?.phase ?? 'launch';
    const end: HostEnd = {
      token: this.spec.token,
      boot: this.spec.boot,
      ...endOf({
        exit,
        driver: this.spec.driver.title,
        asked: this.phase === 'stopping',
        signalled: this.#signalled,
        limit: this.#limit,
        starved: exit.signal === 'SIGKILL' ? ownOutOfMemory(this.spec.id) : undefined,
        failure: this.#failure,
        console: this.#console.tail(CAUSE_LINES),
        everReady: this.#marks.some(({ phase }) => phase === 'ready'),
      }),
      last_phase: lastPhase,
      console_tail: this.#console.tail(20),
      at: Date.now(),
      ...(this.#saving.suspended ? { state: 'suspended', cause: 'suspended as asked' } : {}),
    };
    this.#end = end;
    this.#stop.done();
    this.#life.done();
    this.#network?.leave();
    this.#log.info({ end: { ...end, console_tail: undefined } }, 'the VM ended');
    this.#guest?.lose(`the VM ended: ${end.cause}`);
    this.#console.close();
    void writeFileAtomic(join(this.spec.machine.dir, VM_FILES.ended), JSON.stringify(end))
      .catch((error: Error) => this.#log.error({ error: error.message }, 'the end could not be written'))
      .then(() => {
        this.#mark('ended');
        this.#resolveEnd(end);
      });
  }

  #mark(phase: HostPhase): void {
    if (this.phase === phase && this.#marks.length > 0) return;
    this.#marks.push({ phase, at_ms: Math.round(performance.now() - this.#began) });
    this.onStatus(this.status());
  }
}

function stateOf(phase: HostPhase): HostStatus['state'] {
  if (phase === 'ready') return 'running';
  if (phase === 'stopping') return 'stopping';
  return phase === 'ended' ? 'stopped' : 'starting';
}
