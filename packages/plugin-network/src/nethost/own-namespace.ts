import type { Logger } from '@nook/daemonapi';
import {
  advance,
  type DesiredState,
  type Difference,
  difference,
  observe,
  pin,
  readDesiredState,
  reconcile,
  recorded,
  type ToldPacket,
  untold,
  watchPackets,
} from '@nook/netstate';
import type { PublishedPort } from '../contract.ts';
import { BRIDGE } from './nethost-spec.ts';
import type { Realisation } from './realisation.ts';
import { UPLINK_ADDRESS, Uplink } from './uplink.ts';

interface OwnNamespaceOptions {
  readonly log: Logger;
  /** It was entered, with what an earlier process left in it. */
  readonly held: boolean;
  /** The rules were found to be others, and made anew. */
  readonly onRules: () => void;
}

/** A network in this process's namespace, which nobody else works in. */
export class OwnNamespace implements Realisation {
  readonly bridge = BRIDGE;
  readonly ownerUid = 0;
  readonly dnsPort = 53;
  readonly shared = false;
  readonly pin = pin;
  readonly recorded = recorded;
  readonly untold = untold;
  readonly #log: Logger;
  readonly #onRules: () => void;
  readonly #uplink = new Uplink();
  /** What it is, as far as that is known without a look. */
  #made: DesiredState | undefined;

  constructor({ log, held, onRules }: OwnNamespaceOptions) {
    this.#log = log;
    this.#onRules = onRules;
    if (!held) this.#made = readDesiredState({});
  }

  async make(desired: DesiredState): Promise<void> {
    const from = this.#made;
    this.#made = undefined;
    if (from !== undefined) await advance(from, desired);
    else {
      const { repaired } = await reconcile(desired);
      if (repaired.length > 0) this.#log.info({ repaired }, 'the namespace was changed');
      if (repaired.some(({ kind }) => kind === 'rules')) this.#onRules();
    }
    this.#made = desired;
  }

  async differences(state: DesiredState): Promise<readonly Difference[]> {
    // Compared with what was made: what is to be made next is not there yet.
    return difference(this.#made ?? state, await observe());
  }

  doubt(): void {
    this.#made = undefined;
  }

  watch(onPacket: (packet: ToldPacket) => void, onEnd: (why: string) => void): void {
    try {
      watchPackets(onPacket, onEnd);
    } catch (error) {
      onEnd((error as Error).message);
    }
  }

  arrival(port: PublishedPort) {
    return { host_address: UPLINK_ADDRESS, host_port: this.#uplink.inner(port) };
  }

  listen(ports: readonly PublishedPort[]): Promise<void> {
    return this.#uplink.listen(ports);
  }
}
