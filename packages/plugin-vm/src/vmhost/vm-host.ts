import { chownSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type Logger, NookError } from '@nook/daemonapi';
import { listenUnix, randomBytes, type UnixServer, writeFileAtomic } from '@nook/wire';
import { MACHINE_FILES } from '../driver/machine-spec.ts';
import { QmpClient, type QmpEvent } from '../driver/qmp-client.ts';
import { ConsoleLog } from './console-log.ts';
import { endOf } from './end-cause.ts';
import { GuestChannel } from './guest-channel.ts';
import { consoleFile, type HostEnd, type HostPhase, type HostSpec, type HostStatus, VM_FILES } from './host-spec.ts';
import { IdleCollector } from './idle-collector.ts';
import { inquire } from './inquiry.ts';
import { MachineStop } from './machine-stop.ts';
import { type QemuExit, QemuProcess } from './qemu-process.ts';
import { SessionTable } from './session-table.ts';

const QMP_DEADLINE_MS = 15_000;
/** How long a QEMU whose sockets closed has to end by itself. */
const LAST_WORDS_MS = 1_000;
const CONSOLE_LIMIT = 8 * 1024 * 1024;

/** One VM from QEMU's start to its end. */
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
  readonly #stop: MachineStop;
  readonly #collector = new IdleCollector(globalThis.gc);
  #qemu: QemuProcess | undefined;
  #qmp: QmpClient | undefined;
  #guest: GuestChannel | undefined;
  #shutdownReason: string | undefined;
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
    this.#stop = new MachineStop(
      {
        abilities: () => ({ agent: this.phase === 'ready' || this.phase === 'stopping', qmp: this.#qmp !== undefined }),
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
      state: this.#end?.state ?? stateOf(this.phase),
      pid: process.pid,
      qemu_pid: this.#qemu?.pid,
      boot: this.spec.boot,
      marks: this.#marks,
      end: this.#end,
    };
  }

  /** Starts QEMU and brings the guest to `ready`; a failure ends the machine with that cause. */
  async boot(): Promise<void> {
    const machineDir = join(this.spec.machine.dir, VM_FILES.machine);
    const owner = this.spec.run_as?.uid;
    const deadline = setTimeout(() => this.#fail(this.#lateCause()), this.spec.boot_deadline_ms);
    const qmp = await accept(join(machineDir, MACHINE_FILES.qmp), owner);
    const agent = await accept(join(machineDir, MACHINE_FILES.agent), owner);
    try {
      this.#qemu = new QemuProcess(
        this.spec,
        (chunk) => this.#onConsole(chunk),
        (text) => this.#log.warn({ qemu: text.trim() }, 'qemu says'),
      );
      void this.#qemu.exited.then((exit) => this.#onExit(exit));
      this.#connectGuest(await Promise.race([agent.socket, this.#gone()]));
      await this.#connectQmp(await Promise.race([qmp.socket, this.#gone()]));
      await this.#prepareGuest();
    } catch (error) {
      await this.#exitOrDelay(error as Error);
    } finally {
      clearTimeout(deadline);
      await Promise.all([qmp.server.close(), agent.server.close()]);
    }
  }

  /** A QEMU that ends by itself closes its sockets first; its own last words tell more than they do. */
  async #exitOrDelay(error: Error): Promise<void> {
    const late = setTimeout(() => this.#fail(error.message), LAST_WORDS_MS);
    await this.ended;
    clearTimeout(late);
  }

  /** Ends the machine within `timeoutMs`, gently at first. */
  stop(timeoutMs: number): Promise<HostEnd> {
    if (!this.#end) {
      this.#mark('stopping');
      this.#stop.begin(timeoutMs);
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

  requireReady(): void {
    if (this.phase === 'ready') return;
    throw new NookError('not_running', `The VM is not ready for commands: it is ${this.status().state}.`);
  }

  /** Asks the guest's agent; see {@link inquire}. */
  inquire(type: number): Promise<Buffer> {
    this.requireReady();
    return inquire(this.#guest as GuestChannel, type);
  }

  async #connectQmp(socket: Socket): Promise<void> {
    const qmp = new QmpClient(socket);
    qmp.onEvent = (event) => this.#onQmpEvent(event);
    await qmp.negotiate(QMP_DEADLINE_MS);
    this.#qmp = qmp;
    this.#mark('qemu');
  }

  #connectGuest(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#collector.passed(chunk.length));
    this.#guest = new GuestChannel(socket, (error) =>
      this.#fail(`the guest's agent broke the protocol: ${error.message}`),
    );
  }

  async #prepareGuest(): Promise<void> {
    const guest = this.#guest as GuestChannel;
    await Promise.race([guest.hello, this.#gone()]);
    this.#mark('agent');
    const { identity, machine } = this.spec;
    await guest.configure(
      {
        hostname: identity.hostname,
        machineId: identity.machine_id,
        timeNs: BigInt(Date.now()) * 1_000_000n,
        entropy: randomBytes(64),
        mac: machine.mac,
        ...(machine.network.guest ?? {}),
      },
      1n,
    );
    this.#mark('ready');
    this.#collector.now();
    if (this.spec.session_expected) this.sessions.expectFirst();
  }

  #onConsole(chunk: Buffer): void {
    if (this.phase === 'launch' || this.phase === 'qemu') this.#mark('kernel');
    this.#console.append(chunk);
  }

  #onQmpEvent({ event, data }: QmpEvent): void {
    this.#log.debug({ event, data }, 'qmp event');
    if (event === 'SHUTDOWN') this.#shutdownReason = String(data?.reason);
  }

  #actOnStop(stage: 'agent' | 'powerdown' | 'quit' | 'kill', graceMs: number): void {
    this.#log.info({ stage }, 'stop');
    if (stage === 'agent') this.#guest?.powerOff(graceMs);
    else if (stage === 'kill') this.#qemu?.kill();
    else {
      const command = stage === 'quit' ? 'quit' : 'system_powerdown';
      this.#qmp?.execute(command, {}, QMP_DEADLINE_MS).catch((error: Error) => {
        this.#log.debug({ error: error.message }, 'stop stage');
      });
    }
  }

  #fail(cause: string): void {
    if (this.#failure !== undefined || this.#end) return;
    this.#failure = cause;
    this.#log.error({ cause, phase: this.phase }, 'the VM failed');
    if (this.#qemu?.pid === undefined) this.#onExit({ code: null, signal: null, stderr: cause });
    else this.#stop.force();
  }

  #lateCause(): string {
    const seconds = Math.round(this.spec.boot_deadline_ms / 1000);
    const missing = {
      launch: 'QEMU did not come up',
      qemu: 'the kernel printed nothing',
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

  #onExit(exit: QemuExit): void {
    if (this.#end) return;
    const lastPhase = this.#marks.findLast(({ phase }) => phase !== 'stopping')?.phase ?? 'launch';
    const end: HostEnd = {
      token: this.spec.token,
      boot: this.spec.boot,
      ...endOf({
        exit,
        asked: this.phase === 'stopping',
        failure: this.#failure,
        shutdownReason: this.#shutdownReason,
        console: this.#console.tail(20),
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
    this.#qmp?.close();
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

/** Listens at `path` for the one connection that QEMU makes when it starts. */
async function accept(
  path: string,
  owner: number | undefined,
): Promise<{ server: UnixServer; socket: Promise<Socket> }> {
  let resolve!: (socket: Socket) => void;
  const socket = new Promise<Socket>((settle) => {
    resolve = settle;
  });
  const server = await listenUnix(path, resolve);
  if (owner !== undefined) chownSync(path, owner, owner);
  return { server, socket };
}
