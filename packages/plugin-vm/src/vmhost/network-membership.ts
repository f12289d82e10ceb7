import { closeSync, openSync, readlinkSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, NookError } from '@nook/daemonapi';
import { RpcClient } from '@nook/wire';
import type { NetworkPlace } from '../contract.ts';
import { loadCopyDescriptor } from './copy-descriptor.ts';
import type { HostSpec } from './host-spec.ts';

const CONNECT_MS = 5_000;
/** A nethost changes its namespace for each VM that joins: some programs are run for it. */
const JOIN_MS = 20_000;

interface Joined {
  readonly pid: number;
  readonly fd?: number | undefined;
}

interface Joiner {
  readonly spec: Pick<HostSpec, 'id' | 'op_id' | 'identity' | 'machine'>;
  readonly log: Logger;
}

/**
 * A VM's place in a network of several, from before its machine starts until after its end: as long as the nethost has a
 * call of this process. When a nethost dies, this process has what the next one needs to go on: the namespace.
 */
export class NetworkMembership {
  readonly #place: NetworkPlace;
  readonly #joiner: Joiner;
  #name: string;
  #client: RpcClient | undefined;
  #held: { readonly net: number; readonly user?: number; readonly name: string } | undefined;
  /** This process's copy of the tap's descriptor, until the machine has its own. */
  #tap: number | undefined;
  #left = false;
  #joining = false;

  constructor(place: NetworkPlace, joiner: Joiner) {
    this.#place = place;
    this.#joiner = joiner;
    this.#name = joiner.spec.identity.hostname;
  }

  /** @returns the descriptor of the VM's tap @throws NookError `unavailable` when the network is not there */
  async join(): Promise<number> {
    this.#joining = true;
    const joined = this.#join({ attached: false })
      .catch((cause: Error) => {
        this.#release();
        const why = cause.message.replace(/\.$/, '');
        throw new NookError('unavailable', `its network did not take it in: ${why}`, { cause });
      })
      .finally(() => {
        this.#joining = false;
      });
    const [{ pid, fd }, copyDescriptor] = await Promise.all([joined, loadCopyDescriptor()]);
    if (fd === undefined) throw new NookError('unavailable', 'The network gave no tap.');
    this.#tap = copyDescriptor(pid, fd);
    return this.#tap;
  }

  /** The machine waits for its place. */
  get joining(): boolean {
    return this.#joining;
  }

  /** The machine has the tap. */
  taken(): void {
    if (this.#tap !== undefined) closeSync(this.#tap);
    this.#tap = undefined;
    this.#tell('taken', {});
  }

  rename(name: string): void {
    this.#name = name;
    this.#tell('rename', { name });
  }

  leave(): void {
    this.#left = true;
    this.#client?.close();
    if (this.#tap !== undefined) this.taken();
  }

  async #join({ attached }: { readonly attached: boolean }): Promise<Joined> {
    const client = await RpcClient.connect(this.#place.socket, { timeoutMs: CONNECT_MS });
    const { spec } = this.#joiner;
    const { pid } = (await client.call('hello', {}, { opId: spec.op_id, timeoutMs: CONNECT_MS })) as {
      pid: number;
    };
    this.#held ??= hold(pid);
    const { net: net_fd, user: user_fd, name } = this.#held;
    const { address, address6, publish } = this.#place;
    const { promise, resolve, reject } = Promise.withResolvers<Joined>();
    const late = setTimeout(reject, JOIN_MS, new NookError('timeout', 'The network did not take the VM in.'));
    client
      .call(
        'join',
        {
          ...{ vm: spec.id, name: this.#name, mac: spec.machine.network.mac, address, address6, publish, attached },
          held: { pid: process.pid, net_fd, user_fd, name },
        },
        { opId: spec.op_id, onEvent: ({ data }) => resolve(data as Joined) },
      )
      .catch(reject);
    try {
      const joined = await promise;
      this.#client = client;
      void client.closed.then(() => this.#onLost());
      return joined;
    } catch (error) {
      client.close();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  /** The daemon starts another nethost in the same namespace, which makes files where this one's were. */
  #onLost(): void {
    this.#client = undefined;
    if (this.#left) return;
    const { log } = this.#joiner;
    const dir = dirname(this.#place.socket);
    log.warn({ dir }, 'the network is gone; it is joined again when it is back');
    let changed = true;
    let joining = false;
    const look = async () => {
      changed = true;
      if (joining) return;
      joining = true;
      while (changed && !this.#left && !this.#client) {
        changed = false;
        await this.#join({ attached: true }).catch((error: Error) => log.debug({ error: error.message }, 'not yet'));
      }
      joining = false;
      if (!this.#left && !this.#client) return;
      watcher.close();
      log.info('the network was joined again');
    };
    const watcher = watch(dir, () => void look());
    watcher.on('error', (error) => log.error({ error: error.message }, 'the network cannot be watched for'));
    void look();
  }

  /** The next nethost may be in another namespace. */
  #release(): void {
    const { net, user } = this.#held ?? {};
    for (const fd of [net, user]) if (fd !== undefined) closeSync(fd);
    this.#held = undefined;
  }

  #tell(method: string, params: object): void {
    const { spec, log } = this.#joiner;
    this.#client
      ?.call(method, { vm: spec.id, ...params }, { opId: spec.op_id, timeoutMs: CONNECT_MS })
      .catch((error: Error) => log.warn({ method, error: error.message }, 'the network was not told'));
  }
}

/** Keeps the namespaces of a process, for as long as this one lives. */
function hold(pid: number): { readonly net: number; readonly user?: number; readonly name: string } {
  const path = (kind: string) => `/proc/${pid}/ns/${kind}`;
  const name = readlinkSync(path('net'));
  const own = readlinkSync('/proc/self/ns/user') === readlinkSync(path('user'));
  return { net: openSync(path('net'), 'r'), ...(own ? {} : { user: openSync(path('user'), 'r') }), name };
}
