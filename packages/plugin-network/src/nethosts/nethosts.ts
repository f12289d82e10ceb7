import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isNookError, type Logger } from '@nook/daemonapi';
import { isAlive, killExactly, randomBytes } from '@nook/wire';
import type { NetworkMode, PrivilegedNeed, ScopesNeed } from '../contract.ts';
import { bridgeOfHost, NAMESPACE_MTU, NETHOST_FILES, type NethostSpec } from '../nethost/nethost-spec.ts';
import type { Report } from '../nethost/reports.ts';
import { endNethost, identityOf } from './end-nethost.ts';
import { heldNamespace } from './held-namespace.ts';
import { requireHelper, requireHost } from './host-requirements.ts';
import { type ExpectedMember, NethostLink } from './nethost-link.ts';
import { startNethost } from './start-nethost.ts';

/** What a nethost that is ending, is gone or is stuck leads to: the next one may do better. */
const PASSING: ReadonlySet<string> = new Set(['unavailable', 'outcome_unknown', 'timeout']);

/** What a nethost must know of its network. */
export type NethostNetwork = Pick<NethostSpec, 'id' | 'name' | 'gateway' | 'gateway6' | 'isolated'> & {
  readonly mode: NetworkMode;
};

interface NethostsOptions {
  /** `STATE/nets` */
  readonly dir: string;
  readonly log: Logger;
  /** `ADDRESS[:PORT]` of the name server that networks ask. */
  readonly dns?: string | undefined;
  readonly onReport: (report: Report) => void;
  readonly privileged: PrivilegedNeed;
  readonly scopes: ScopesNeed & { readonly available: boolean };
}

/** The nethosts of this home: one for each network that VMs are on. */
export class Nethosts {
  readonly #dir: string;
  readonly #log: Logger;
  readonly #dns: string | undefined;
  readonly #onReport: NethostsOptions['onReport'];
  readonly #privileged: PrivilegedNeed;
  readonly #scopes: NethostsOptions['scopes'];
  readonly #links = new Map<string, Promise<NethostLink>>();
  /** Networks whose nethost an earlier daemon has started. */
  readonly #recovered = new Set<string>();
  /** What those that ended left is being removed. */
  readonly #clearing = new Map<string, Promise<void>>();
  /** What comes after those that ended. */
  readonly #replacing = new Map<string, Promise<void>>();
  #released = false;

  constructor({ dir, log, dns, onReport, privileged, scopes }: NethostsOptions) {
    this.#dns = dns;
    this.#onReport = onReport;
    this.#privileged = privileged;
    this.#scopes = scopes;
    this.#dir = dir;
    this.#log = log;
  }

  folder(id: string): string {
    return join(this.#dir, id);
  }

  /** The nethost of a network while there is one. */
  async active(id: string): Promise<NethostLink | undefined> {
    return this.#links.get(id)?.catch(() => undefined);
  }

  /**
   * Has the network up for a VM that is about to join it.
   * @throws NookError `unavailable` with what the host lacks, `operation_failed` when it does not come up for another reason
   */
  async expect(network: NethostNetwork, member: ExpectedMember, opId?: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const link = await this.#up(network, opId);
      try {
        return await link.expect(member, opId);
      } catch (error) {
        if (attempt > 2 || !isNookError(error) || !PASSING.has(error.code)) throw error;
        const stuck = error.code === 'timeout';
        if (stuck) this.#log.warn({ network: network.name, pid: link.pid }, 'a stuck nethost is ended');
        await endNethost(this.folder(network.id), link, { stuck });
      }
    }
  }

  /** Largest packet of a network, as its nethost was started with or is about to be; undefined: the links' default. */
  async mtu({ id, mode }: Pick<NethostNetwork, 'id' | 'mode'>): Promise<number | undefined> {
    if (!this.#recovered.has(id)) return mtuOf(mode);
    const text = await readFile(join(this.folder(id), NETHOST_FILES.spec), 'utf8');
    return (JSON.parse(text) as NethostSpec).mtu;
  }

  async forget(network: string, vm: string): Promise<void> {
    (await this.active(network))?.forget(vm);
  }

  /** Ends a nethost that is stuck; settles when the next one is up, where VMs need one. */
  async replace(id: string, link: NethostLink): Promise<void> {
    await endNethost(this.folder(id), link, { stuck: true });
    await this.#replacing.get(id);
  }

  /** Takes up what an earlier daemon left, starts again what died under VMs, and removes what belongs to no network. */
  async recover(networks: readonly NethostNetwork[]): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const known = new Set(networks.map(({ id }) => id));
    for (const id of await readdir(this.#dir)) if (!known.has(id)) await this.remove({ id, mode: 'namespace' });
    await Promise.all(
      networks.map((network) =>
        this.#recover(network).catch((error: Error) =>
          this.#log.error({ network: network.name, error: error.message }, 'a network could not be taken up again'),
        ),
      ),
    );
  }

  /** Of a network that is no more. */
  async remove({ id, mode }: Pick<NethostNetwork, 'id' | 'mode'>): Promise<void> {
    const link = await this.active(id);
    const identity = await identityOf(this.folder(id));
    if (identity) killExactly(identity);
    if (link) await endNethost(this.folder(id), link, { stuck: false });
    await this.#leaveNoBridge({ id, mode });
    await rm(this.folder(id), { recursive: true, force: true });
  }

  /** As {@link remove}; what could not be removed now is when the daemon starts again. */
  removeSoon(network: Pick<NethostNetwork, 'id' | 'mode'>): void {
    this.remove(network).catch((error: Error) => this.#log.warn({ error: error.message }, 'a network was not removed'));
  }

  /** Lets go of them; they go on. */
  release(): void {
    this.#released = true;
    for (const link of this.#links.values()) void link.then((each) => each.close()).catch(() => {});
  }

  async #recover(network: NethostNetwork): Promise<void> {
    const dir = this.folder(network.id);
    const identity = await identityOf(dir);
    if (identity && isAlive(identity)) {
      try {
        this.#recovered.add(network.id);
        await this.#keep(network, NethostLink.connect(dir, identity.token));
        return;
      } catch {
        this.#recovered.delete(network.id);
        killExactly(identity);
      }
    }
    await this.#replace(network);
  }

  /** After a nethost is gone. VMs that are still in its namespace get another one there. */
  async #replace({ id, ...network }: NethostNetwork): Promise<void> {
    const dir = this.folder(id);
    const clearing = Promise.all(
      [NETHOST_FILES.socket, NETHOST_FILES.pid].map((name) => rm(join(dir, name), { force: true })),
    ).then(() => {});
    this.#clearing.set(id, clearing);
    await clearing;
    this.#clearing.delete(id);
    if (this.#released) return;
    if (heldNamespace(dir)) await this.#up({ id, ...network });
    else if (!this.#links.has(id)) {
      await rm(join(dir, NETHOST_FILES.members), { force: true });
      await this.#leaveNoBridge({ id, ...network });
    }
  }

  /** The nethost did so, unless it was killed; without a helper, the next network of this name does. */
  async #leaveNoBridge({ id, mode }: Pick<NethostNetwork, 'id' | 'mode'>): Promise<void> {
    if (mode !== 'bridge') return;
    await this.#privileged
      .removeNetwork(bridgeOfHost(id))
      .catch((error: Error) =>
        this.#log.warn({ network: id, error: error.message }, 'the bridge could not be removed'),
      );
  }

  #up(network: NethostNetwork, opId?: string): Promise<NethostLink> {
    return this.#links.get(network.id) ?? this.#keep(network, this.#start(network, opId));
  }

  async #start({ mode, ...network }: NethostNetwork, opId = 'op-recover'): Promise<NethostLink> {
    const dir = this.folder(network.id);
    await this.#clearing.get(network.id);
    const token = randomBytes(12).toString('hex');
    const helper = mode === 'bridge' ? this.#privileged.place() : undefined;
    const spec: NethostSpec = {
      ...{ version: 1, ...network, token, op_id: opId },
      ...{ dns: this.#dns, helper, mtu: mtuOf(mode) },
    };
    const started = performance.now();
    await startNethost(dir, spec, (pids) => this.#settle(network, pids)).catch(async (error: Error) => {
      await (mode === 'bridge' ? requireHelper(this.#privileged) : requireHost());
      throw error;
    });
    const link = await NethostLink.connect(dir, spec.token);
    this.#log.info({ network: network.name, ms: Math.round(performance.now() - started) }, 'nethost started');
    return link;
  }

  /** Into a scope of their own; where that fails, they end with the daemon's unit at worst. */
  async #settle({ id, name }: Pick<NethostNetwork, 'id' | 'name'>, pids: readonly number[]): Promise<void> {
    if (!this.#scopes.available) return;
    const scope = { unit: `nook-net-${id}.scope`, description: `Network ${name} of nook`, pids };
    await this.#scopes
      .enter(scope)
      .catch((error: Error) =>
        this.#log.warn({ network: name, error: error.message }, 'a network is in no scope of its own'),
      );
  }

  #keep(network: NethostNetwork, connecting: Promise<NethostLink>): Promise<NethostLink> {
    this.#links.set(network.id, connecting);
    connecting.then(
      async (link) => {
        link.watch(this.#onReport);
        await link.closed;
        this.#recovered.delete(network.id);
        if (this.#links.get(network.id) === connecting) this.#links.delete(network.id);
        if (this.#released) return;
        const replacing = this.#replace(network).catch((error: Error) =>
          this.#log.error({ network: network.name, error: error.message }, 'a network could not be brought up again'),
        );
        this.#replacing.set(network.id, replacing);
        await replacing;
        if (this.#replacing.get(network.id) === replacing) this.#replacing.delete(network.id);
      },
      () => {
        if (this.#links.get(network.id) === connecting) this.#links.delete(network.id);
      },
    );
    return connecting;
  }
}

/** Of networks that are made now. */
function mtuOf(mode: NetworkMode): number | undefined {
  return mode === 'bridge' ? undefined : NAMESPACE_MTU;
}
