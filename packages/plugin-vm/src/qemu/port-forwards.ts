import { type MachineNetwork, NookError } from '@nook/daemonapi';
import { forwardRule } from './qemu-argv.ts';
import type { QmpClient } from './qmp-client.ts';

const DEADLINE_MS = 5_000;

type Forward = MachineNetwork['host_forwards'][number];

/** Ports of the host that QEMU's user network leads into the guest. QMP has no words for them: the monitor for people has. */
export class PortForwards {
  readonly #qmp: QmpClient;
  readonly #netdev: string;
  #current: readonly Forward[];

  /** @param current those that it was started with */
  constructor(qmp: QmpClient, netdev: string, current: readonly Forward[]) {
    this.#qmp = qmp;
    this.#netdev = netdev;
    this.#current = current;
  }

  /** @throws NookError `conflict` when a port of the host is taken; then all is as it was */
  async set(wanted: readonly Forward[]): Promise<void> {
    const gone = without(this.#current, wanted);
    const fresh = without(wanted, this.#current);
    const added: Forward[] = [];
    for (const forward of gone) await this.#remove(forward);
    try {
      for (const forward of fresh) {
        await this.#add(forward);
        added.push(forward);
      }
    } catch (error) {
      for (const forward of added) await this.#remove(forward);
      for (const forward of gone) await this.#add(forward);
      throw error;
    }
    this.#current = wanted;
  }

  async #add(forward: Forward): Promise<void> {
    const refusal = await this.#say(`hostfwd_add ${this.#netdev} ${forwardRule(forward)}`);
    if (refusal === '') return;
    const { host_address, host_port, protocol } = forward;
    throw new NookError(
      'conflict',
      `The host's ${host_address}:${host_port}/${protocol} cannot be published: ${refusal}.`,
      {
        hint: 'Choose another host port; 0 picks one that is free.',
      },
    );
  }

  async #remove({ protocol, host_address, host_port }: Forward): Promise<void> {
    await this.#say(`hostfwd_remove ${this.#netdev} ${protocol}:${host_address}:${host_port}`);
  }

  async #say(line: string): Promise<string> {
    const answer = await this.#qmp.execute('human-monitor-command', { 'command-line': line }, DEADLINE_MS);
    return String(answer).trim();
  }
}

function without(forwards: readonly Forward[], others: readonly Forward[]): Forward[] {
  const rules = new Set(others.map(forwardRule));
  return forwards.filter((forward) => !rules.has(forwardRule(forward)));
}
