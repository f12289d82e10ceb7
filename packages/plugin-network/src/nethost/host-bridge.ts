import { isNookError, type Logger } from '@nook/daemonapi';
import type { DesiredState } from '@nook/netstate';
import { RpcClient } from '@nook/wire';
import type { PublishedPort } from '../contract.ts';
import { bridgeOfHost } from './nethost-spec.ts';
import { PortHolds } from './port-holds.ts';
import type { Realisation } from './realisation.ts';

/** A helper that is starting is back within this time; its own deadline for a change is longer than any it takes. */
const CONNECT_MS = 5_000;
const CHANGE_MS = 60_000;

interface HostBridgeOptions {
  readonly id: string;
  /** Where the root helper listens. */
  readonly helper: string;
  readonly opId: string;
  readonly log: Logger;
}

/** A network that the host takes part in: the root helper makes it, in the host's namespace. */
export class HostBridge implements Realisation {
  readonly bridge: string;
  readonly ownerUid = process.getuid?.() ?? 0;
  /** One that an ordinary user may listen on, at an address that is the network's own. */
  readonly dnsPort = 53_053;
  readonly traced = false;
  readonly #options: HostBridgeOptions;
  readonly #holds = new PortHolds();

  constructor(options: HostBridgeOptions) {
    this.bridge = bridgeOfHost(options.id);
    this.#options = options;
  }

  async make(desired: DesiredState): Promise<void> {
    await this.#ask('network.set', desired);
  }

  arrival({ host_address, host_port }: PublishedPort) {
    return { host_address, host_port };
  }

  listen(ports: readonly PublishedPort[]): Promise<void> {
    return this.#holds.hold(ports);
  }

  async named(address: string): Promise<void> {
    const { log } = this.#options;
    const routing = { bridge: this.bridge, address, port: this.dnsPort };
    await this.#ask('names.route', routing).catch((error: Error) => {
      const hint = isNookError(error) ? error.hint : undefined;
      log.info({ reason: error.message, hint }, 'the host is not told of the names');
    });
  }

  async remove(): Promise<void> {
    await this.#ask('network.remove', { name: this.bridge });
  }

  async #ask(verb: string, params: object): Promise<void> {
    const { helper, opId } = this.#options;
    const client = await RpcClient.connect(helper, { timeoutMs: CONNECT_MS });
    try {
      await client.call(verb, params, { opId, timeoutMs: CHANGE_MS });
    } finally {
      client.close();
    }
  }
}
