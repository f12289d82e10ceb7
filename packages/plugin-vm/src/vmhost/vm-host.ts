import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type Logger, type MachineExit, type MachineState, NookError } from '@nook/daemonapi';
import { randomBytes, writeFileAtomic } from '@nook/wire';
import { passGate } from '../gate.ts';
import { ConsoleLog } from './console-log.ts';
import { DrivenMachine } from './driven-machine.ts';
import { endOf } from './end-cause.ts';
import { GuestChannel } from './guest-channel.ts';
import { consoleFile, type HostEnd, type HostPhase, type HostSpec, type HostStatus, VM_FILES } from './host-spec.ts';
import { IdleCollector } from './idle-collector.ts';
import { inquire } from './inquiry.ts';
import { MachineStop } from './machine-stop.ts';
import { SessionTable } from './session-table.ts';
import type { StopStage } from './stop-plan.ts';

/** How long a machine that can no longer be spoken to has to end by itself. */
const LAST_WORDS_MS = 1_000;
/** What is looked through for the cause of an end: a panic comes with a trace of some sixty lines. */
const CAUSE_LINES = 200;
/** An init of the image's ends its services in its own order; when it is late, nothing is left to be waited for. */
const PATIENCE = 1.4;
/** What an agent needs to send what it has begun. */
const HOLD_MS = 5_000;
const CONSOLE_LIMIT = 8 * 1024 * 1024;

export interface SaveRequest {
  readonly to: MachineState;
  /** A qcow2 file for the machine to go on with; the present one is then written to no more. */
  readonly disk?: string | undefined;
  readonly end: boolean;
}

/** One VM from its machine's start to its end. */
export class VmHost {
  readonly spec: HostSpec;
  readonly sessions: SessionTable;
  /** Settles when the machine is gone and `ended.json` is written. */
  readonly ended: Promise<HostEnd>;
  onStatus: (status: HostStatus) => void = () => {};
  readonly #log: Logger;
  readonly #began = performance.now();
  readonly #console: ConsoleLog;
  readonly #marks: { phase: HostPhase; at_ms: number }[] = [];
  readonly #machine: DrivenMachine;
  readonly #stop: MachineStop;
  readonly #collector = new IdleCollector(globalThis.gc);
  #guest: GuestChannel | undefined;
  #failure: string | undefined;
  #end: HostEnd | undefined;
  #resolveEnd!: (end: HostEnd) => void;

  constructor(spec: HostSpec, log: Logger) {
    this.spec = spec;
    this.#log = log;
    this.#console = new ConsoleLog(join(spec.machine.dir, consoleFile(spec.boot)), CONSOLE_LIMIT);
    this.ended = new Promise((resolve) => {
      this.#resolveEnd = resolve;
    });
    this.sessions = new SessionTable(() => this.#guest, {
      onOver: () => this.forceStop('its session ended'),
      autoRemove: spec.auto_remove,
      log,
    });
    this.#machine = new DrivenMachine(spec.driver, spec.machine);
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

  get phase(): HostPhase {
    return this.#marks.at(-1)?.phase ?? 'launch';
  }

  status(): HostStatus {
    return {
      phase: this.phase,
      state: this.#end?.state ?? (this.#paused ? 'paused' : stateOf(this.phase)),
      pid: process.pid,
      qemu_pid: this.#machine.pid,
      boot: this.spec.boot,
      marks: this.#marks,
      end: this.#end,
    };
  }

  /** Starts the machine and brings the guest to `ready`; a failure ends the machine with that cause. */
  async boot(): Promise<void> {
    const deadline = setTimeout(() => this.#fail(this.#lateCause()), this.spec.boot_deadline_ms);
    try {
      const { exited } = await this.#machine.launch({
        log: this.#log,
        console: (bytes) => this.#onConsole(bytes),
        stderr: (text) => this.#log.warn({ machine_stderr: text.trim() }, 'the machine says'),
      });
      void exited.then((exit) => this.#onExit(exit));
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
      // The guest must run to hear of it; one that cannot is asked nothing.
      if (paused) this.#machine.resume().catch((error: Error) => this.forceStop(error.message));
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

  /** @throws NookError `unavailable` when the driver cannot, `not_running` when the guest is not ready */
  async pause(): Promise<void> {
    if (this.#paused) return;
    this.requireReady();
    await this.#machine.pause();
    this.onStatus(this.status());
  }

  async resume(): Promise<void> {
    if (!this.#paused) return this.requireReady();
    await this.#machine.resume();
    this.onStatus(this.status());
  }

  /**
   * Saves memory and devices as they stand at one moment, then goes on or ends.
   * @returns how long the guest stood still, in milliseconds, and how much of its memory was written
   * @throws NookError `unavailable` when the driver cannot, `not_running` when the guest is not ready
   */
  async save({ to, disk, end }: SaveRequest): Promise<{ readonly pause_ms: number; readonly bytes: number }> {
    if (this.spec.guest_mounts.length > 0) {
      throw new NookError('conflict', 'The memory of a VM that mounts folders of the host cannot be saved.', {
        hint: 'Its disk can be; a VM made without --mount has both.',
      });
    }
    const paused = this.#paused;
    if (!paused) this.requireReady();
    let pausedAt: number | undefined;
    try {
      if (!paused) await this.#guest?.hold(HOLD_MS);
      const { bytes, paused_at } = await this.#machine.saveState(to);
      pausedAt = paused_at;
      if (disk !== undefined) await this.#machine.switchDisk(disk);
      if (end) void this.forceStop('its state was saved');
      else if (!paused) await this.#machine.resume();
      return { bytes, pause_ms: performance.now() - paused_at };
    } catch (error) {
      if (!paused) await this.#machine.resume().catch(() => {});
      throw error;
    } finally {
      this.#guest?.release();
      this.#log.info({ ms: pausedAt && Math.round(performance.now() - pausedAt) }, 'state saved');
      this.onStatus(this.status());
    }
  }

  /** Runs a command once and forgets it: what a first command costs the guest is paid before it is saved. */
  async rehearse(argv: readonly string[]): Promise<void> {
    this.requireReady();
    await (this.#guest as GuestChannel).rehearse(argv);
  }

  requireReady(): void {
    if (this.phase === 'ready' && !this.#paused) return;
    throw new NookError('not_running', `The VM is not ready for commands: it is ${this.status().state}.`);
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
    const guest = this.#guest as GuestChannel;
    const { identity, machine, guest_network } = this.spec;
    // A guest that was saved has said it before.
    if (machine.resume === undefined) await Promise.race([guest.hello, this.#gone()]);
    this.#mark('agent');
    await passGate('phase.agent');
    await guest.configure(
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
      machine.resume === undefined ? 1n : BigInt(Date.now()),
    );
    this.#mark('ready');
    this.#collector.now();
    if (this.spec.session_expected) this.sessions.expectFirst(this.spec.session_delay_ms ?? 0);
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

  #order(stage: StopStage, graceMs: number): void {
    if (stage === 'agent') this.#guest?.powerOff(this.spec.init === 'image' ? graceMs * PATIENCE : graceMs);
    else if (stage === 'kill') this.#machine.kill();
    else this.#machine.order(stage, this.#log);
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
      launch: `${this.spec.driver.title} did not come up`,
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
        failure: this.#failure,
        console: this.#console.tail(CAUSE_LINES),
        everReady: this.#marks.some(({ phase }) => phase === 'ready'),
      }),
      last_phase: lastPhase,
      console_tail: this.#console.tail(20),
      at: Date.now(),
    };
    this.#end = end;
    this.#stop.done();
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
