import type { Socket } from 'node:net';
import { relative } from 'node:path';
import {
  type Logger,
  type MachineExit,
  type MachineNetwork,
  type MachineSpec,
  type MachineState,
  NookError,
  type SavedState,
  type StartedMachine,
} from '@nook/daemonapi';
import { connectNetwork, OUTSIDE } from './connect-network.ts';
import { switchDisk } from './disk-switch.ts';
import { growDisk } from './grow-disk.ts';
import { loadState } from './load-state.ts';
import { OpenMemory } from './open-memory.ts';
import { PortForwards } from './port-forwards.ts';
import { NETDEV, resumeFds } from './qemu-argv.ts';
import { QmpClient, type QmpEvent } from './qmp-client.ts';
import { saveMachine } from './save-machine.ts';

const QMP_DEADLINE_MS = 15_000;

interface QemuParts {
  readonly pid: number;
  readonly control: Socket;
  readonly agent: Socket;
  readonly spec: MachineSpec;
  readonly log: Logger;
}

/** A QEMU that has connected its QMP monitor and the agent's port. */
export class StartedQemu implements StartedMachine {
  readonly agent: Socket;
  readonly #pid: number;
  readonly #spec: MachineSpec;
  /** The memory that it began from, whose file may lose its name meanwhile. */
  readonly #base: OpenMemory | undefined;
  readonly #qmp: QmpClient;
  readonly #log: Logger;
  #forwards: PortForwards | undefined;
  #endedByGuest: MachineExit['guest'];

  constructor({ pid, control, agent, spec, log }: QemuParts) {
    this.agent = agent;
    this.#pid = pid;
    this.#spec = spec;
    this.#base = spec.resume === undefined ? undefined : new OpenMemory(spec.resume.ram);
    this.#log = log;
    this.#qmp = new QmpClient(control);
    const { mode, host_forwards } = spec.network;
    if (mode === 'user') this.#forwards = new PortForwards(this.#qmp, NETDEV, host_forwards);
    this.#qmp.onEvent = (event) => this.#onEvent(event);
  }

  /** What the guest did that ends this QEMU, as far as it said so. */
  get endedByGuest(): MachineExit['guest'] {
    return this.#endedByGuest;
  }

  /** Resolves when the guest runs. */
  async begin(): Promise<void> {
    await this.#qmp.negotiate(QMP_DEADLINE_MS);
    if (this.#spec.resume !== undefined) await loadState(this.#qmp, resumeFds(this.#spec).devices);
  }

  powerdown(): Promise<void> {
    return this.#order('system_powerdown');
  }

  quit(): Promise<void> {
    return this.#order('quit');
  }

  pause(): Promise<void> {
    return this.#order('stop');
  }

  resume(): Promise<void> {
    return this.#order('cont');
  }

  async saveState(to: MachineState): Promise<SavedState> {
    return saveMachine({ qmp: this.#qmp, pid: this.#pid, spec: this.#spec, base: this.#base }, to);
  }

  async switchDisk(path: string): Promise<void> {
    await switchDisk(this.#qmp, relative(this.#spec.work_dir, path));
  }

  async growDisk(bytes: number): Promise<void> {
    await growDisk(this.#qmp, bytes);
  }

  async connectNetwork(network: Pick<MachineNetwork, 'mode' | 'host_forwards'>): Promise<void> {
    await connectNetwork(this.#qmp, network);
    if (network.mode === 'user') this.#forwards = new PortForwards(this.#qmp, OUTSIDE, network.host_forwards);
  }

  async setForwards(forwards: MachineNetwork['host_forwards']): Promise<void> {
    if (!this.#forwards) throw new NookError('conflict', 'The network of this VM publishes no ports by itself.');
    await this.#forwards.set(forwards);
  }

  close(): void {
    this.#qmp.close();
    this.agent.destroy();
    this.#base?.close();
  }

  async #order(command: string): Promise<void> {
    await this.#qmp.execute(command, {}, QMP_DEADLINE_MS);
  }

  #onEvent({ event, data }: QmpEvent): void {
    this.#log.debug({ event, data }, 'qmp event');
    if (event === 'SHUTDOWN') this.#endedByGuest = guestsDoing(String(data?.reason));
  }
}

/** `reason` of QEMU's SHUTDOWN event, where it was the guest that did it. */
function guestsDoing(reason: string): MachineExit['guest'] {
  if (reason === 'guest-reset') return 'reboot';
  if (reason === 'guest-panic') return 'panic';
  return reason.startsWith('guest-') ? 'poweroff' : undefined;
}
