import type { Logger } from '@nook/daemonapi';
import type { DesiredState, Pin, Recorded, ToldPacket } from '@nook/netstate';
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
  readonly shared = true;
  readonly #options: HostBridgeOptions;
  readonly #holds = new PortHolds();
  /** What the helper made last, in JSON: it looks after that by itself. */
  #made: string | undefined;

  constructor(options: HostBridgeOptions) {
    this.bridge = bridgeOfHost(options.id);
    this.#options = options;
  }

  async make(desired: DesiredState): Promise<void> {
    const wanted = JSON.stringify(desired);
    if (this.#made === wanted) return;
    this.#made = undefined;
    await this.#ask('network.set', desired);
    this.#made = wanted;
  }

  doubt(): void {
    this.#made = undefined;
  }

  async pin(pins: readonly Pin[]): Promise<void> {
    if (pins.length > 0) await this.#ask('egress.pin', { pins });
  }

  async recorded(): Promise<readonly Recorded[]> {
    return (await this.#ask('egress.recorded', { bridge: this.bridge })) as readonly Recorded[];
  }

  watch(onPacket: (packet: ToldPacket) => void, onEnd: (why: string) => void): void {
    this.#watch(onPacket).then(
      () => onEnd('the root helper ended it'),
      (error: Error) => onEnd(error.message),
    );
  }

  arrival({ host_address, host_port }: PublishedPort) {
    return { host_address, host_port };
  }

  listen(ports: readonly PublishedPort[]): Promise<void> {
    return this.#holds.hold(ports);
  }

  async named(address: string): Promise<string | undefined> {
    const { log } = this.#options;
    const routing = { bridge: this.bridge, address, port: this.dnsPort };
    try {
      await this.#ask('names.route', routing);
      return undefined;
    } catch (error) {
      const { message: reason, hint = reason } = error as Error & { hint?: string };
      log.info({ reason, hint }, 'the host is not told of the names');
      return hint;
    }
  }

  async remove(): Promise<void> {
    await this.#ask('network.remove', { name: this.bridge });
  }

  /** For as long as the helper lives. */
  #watch(onPacket: (packet: ToldPacket) => void): Promise<unknown> {
    const { opId } = this.#options;
    const onEvent = ({ topic, data }: { topic: string; data: unknown }) => {
      if (topic === 'packet') onPacket(data as ToldPacket);
    };
    return this.#call((client) => client.call('egress.watch', { bridge: this.bridge }, { opId, onEvent }));
  }

  #ask(verb: string, params: object): Promise<unknown> {
    const { opId } = this.#options;
    return this.#call((client) => client.call(verb, params, { opId, timeoutMs: CHANGE_MS }));
  }

  async #call(ask: (client: RpcClient) => Promise<unknown>): Promise<unknown> {
    const client = await RpcClient.connect(this.#options.helper, { timeoutMs: CONNECT_MS });
    try {
      return await ask(client);
    } finally {
      client.close();
    }
  }
}
