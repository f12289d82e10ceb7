import type { Socket } from 'node:net';
import type { Logger, MachineExit, StartedMachine } from '@nook/daemonapi';
import { QmpClient, type QmpEvent } from './qmp-client.ts';

const QMP_DEADLINE_MS = 15_000;

/** A QEMU that has connected its QMP monitor and the agent's port. */
export class StartedQemu implements StartedMachine {
  readonly agent: Socket;
  readonly #qmp: QmpClient;
  readonly #log: Logger;
  #endedByGuest: MachineExit['guest'];

  constructor(control: Socket, agent: Socket, log: Logger) {
    this.agent = agent;
    this.#log = log;
    this.#qmp = new QmpClient(control);
    this.#qmp.onEvent = (event) => this.#onEvent(event);
  }

  /** What the guest did that ends this QEMU, as far as it said so. */
  get endedByGuest(): MachineExit['guest'] {
    return this.#endedByGuest;
  }

  begin(): Promise<void> {
    return this.#qmp.negotiate(QMP_DEADLINE_MS);
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

  close(): void {
    this.#qmp.close();
    this.agent.destroy();
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
