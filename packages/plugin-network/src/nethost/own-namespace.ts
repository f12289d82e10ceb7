import type { Logger } from '@nook/daemonapi';
import { advance, type DesiredState, readDesiredState, reconcile } from '@nook/netstate';
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
  readonly traced = true;
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

  arrival(port: PublishedPort) {
    return { host_address: UPLINK_ADDRESS, host_port: this.#uplink.inner(port) };
  }

  listen(ports: readonly PublishedPort[]): Promise<void> {
    return this.#uplink.listen(ports);
  }
}
