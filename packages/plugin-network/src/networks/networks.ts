import { randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { type Clock, NookError } from '@nook/daemonapi';
import type { NetworkView, NewNetwork } from '../contract.ts';
import { checkEgress, OPEN } from '../egress/policy.ts';
import { checkSubnet, checkSubnet6, chooseSubnet, chooseSubnet6, UPLINK } from './choose-subnet.ts';
import { address6In, addressNumber, formatAddress, parseSubnet, type Subnet, sizeOf } from './cidr.ts';
import { hostRoutes } from './host-routes.ts';
import type { NetworkRecord, NetworkRecords } from './network-records.ts';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Words that `--network` knows already, or may come to know. */
const RESERVED = ['user', 'none', 'bridge', 'host', 'default'];
/** The gateway's number in every network; the first VM has the next one. */
const GATEWAY = 1;

/** A VM's place in a network. */
export interface NetworkAddress {
  /** IPv4, without the prefix length. */
  readonly address: string;
  readonly address6: string;
}

interface NetworksOptions {
  readonly records: NetworkRecords;
  readonly clock: Clock;
  /** The name of the VM with this id; undefined when nobody knows it. */
  readonly vmName: (id: string) => string | undefined;
}

/** Networks of several VMs, and who has which address in them. */
export class Networks {
  readonly #records: NetworkRecords;
  readonly #clock: Clock;
  readonly #vmName: NetworksOptions['vmName'];

  constructor({ records, clock, vmName }: NetworksOptions) {
    this.#records = records;
    this.#clock = clock;
    this.#vmName = vmName;
  }

  /** @throws NookError `bad_params`, `already_exists`, `conflict` when a subnet is in use, `unavailable` */
  create(
    { name, mode = 'namespace', subnet, subnet6, isolated = false, ...egress }: NewNetwork,
    owner?: string,
  ): NetworkRecord {
    if (!LABEL.test(name) || RESERVED.includes(name)) {
      throw new NookError('bad_params', `'${name}' cannot be the name of a network.`, {
        hint: `Use letters, digits and dashes, at most 63, and none of: ${RESERVED.join(', ')}.`,
      });
    }
    return this.#records.transaction(() => {
      if (this.#records.find(name)) {
        throw new NookError('already_exists', `There is a network named '${name}' already.`, {
          hint: `Choose another name, or remove it: nook net rm ${name}`,
        });
      }
      const taken = this.#taken();
      const record: NetworkRecord = {
        id: randomBytes(4).toString('hex'),
        name,
        mode,
        subnet: subnet === undefined ? chooseSubnet(taken) : checkSubnet(subnet, taken),
        subnet6: subnet6 === undefined ? chooseSubnet6() : this.#unused6(checkSubnet6(subnet6)),
        isolated,
        egress: checkEgress(egress) ?? OPEN,
        created_at: this.#clock.now(),
        ...(owner === undefined ? {} : { owner }),
      };
      this.#records.insert(record);
      return record;
    });
  }

  /** A network for one VM, which is released with it; in the transaction that the caller has begun. @throws as {@link create} */
  createFor(vm: string): NetworkRecord {
    return this.create({ name: `vm-${vm}` }, vm);
  }

  all(): NetworkRecord[] {
    return this.#records.all();
  }

  /** @throws NookError `not_found` */
  get(name: string): NetworkRecord {
    const record = this.#records.find(name);
    if (record) return record;
    throw new NookError('not_found', `There is no network named '${name}'.`, {
      hint: `See what there is: nook net list. Make it: nook net create ${name}`,
    });
  }

  /** @throws NookError `not_found`, `conflict` with the names of the VMs that are on it */
  delete(name: string): NetworkRecord {
    return this.#records.transaction(() => {
      const record = this.get(name);
      const vms = this.#records.addresses(record.id).map(({ vm }) => this.#vmName(vm) ?? vm);
      if (vms.length > 0) {
        throw new NookError('conflict', `Network '${name}' is in use by ${vms.join(', ')}.`, {
          hint: `Remove them first: nook vm rm ${vms.join(' ')}`,
          details: { vms },
        });
      }
      this.#records.delete(record.id);
      return record;
    });
  }

  /** What a nethost must know. */
  gateways(record: NetworkRecord): { readonly gateway: string; readonly gateway6: string } {
    const { base, prefix } = subnetOf(record);
    return {
      gateway: `${formatAddress(base + GATEWAY)}/${prefix}`,
      gateway6: `${address6In(record.subnet6, GATEWAY)}/64`,
    };
  }

  view({ owner: _, ...record }: NetworkRecord): Omit<NetworkView, 'state' | 'nethost_pid'> {
    const { subnet, subnet6 } = record;
    return {
      ...{ ...record, gateway: placeOf(record, GATEWAY).address, gateway6: placeOf(record, GATEWAY).address6 },
      vms: this.#records
        .addresses(record.id)
        .map(({ vm, host }) => ({ name: this.#vmName(vm) ?? vm, id: vm, ...placeOf({ subnet, subnet6 }, host) })),
    };
  }

  /** @throws NookError `bad_params` unless a VM of this network may have this address */
  checkAddress(record: NetworkRecord, address: string): void {
    const subnet = subnetOf(record);
    const host = isIPv4(address) ? addressNumber(address) - subnet.base : 0;
    if (host > GATEWAY && host < sizeOf(subnet) - 1) return;
    const last = formatAddress(subnet.base + sizeOf(subnet) - 2);
    throw new NookError('bad_params', `'${address}' is no address for a VM of network '${record.name}'.`, {
      hint: `Give one from ${formatAddress(subnet.base + GATEWAY + 1)} to ${last}.`,
    });
  }

  /**
   * Gives a VM an address of the network, in the transaction that the caller has begun: the lowest that is free.
   * @param wanted this one and no other
   * @throws NookError `conflict` when it is taken, `unavailable` when all are
   */
  allocate(record: NetworkRecord, vm: string, wanted?: string): NetworkAddress {
    const subnet = subnetOf(record);
    const used = new Set(this.#records.addresses(record.id).map(({ host }) => host));
    const host = wanted === undefined ? lowestFree(subnet, used) : addressNumber(wanted) - subnet.base;
    if (host === undefined) {
      throw new NookError('unavailable', `All addresses of network '${record.name}' are in use.`, {
        hint: 'Remove VMs of it, or make another network with a larger subnet: nook net create NAME --subnet …/16',
      });
    }
    if (!this.#records.take(record.id, { vm, host })) {
      throw new NookError('conflict', `Address ${formatAddress(subnet.base + host)} is in use by another VM.`, {
        hint: 'Leave --ip out, and a free one is chosen.',
      });
    }
    return placeOf(record, host);
  }

  /** @returns the network that it was on, and whether that went with it */
  release(vm: string): { readonly network: string; readonly removed: boolean } | undefined {
    const network = this.#records.networkOf(vm);
    if (network === undefined) return undefined;
    this.#records.release(vm);
    const removed = this.#records.all().some(({ id, owner }) => id === network && owner === vm);
    if (removed) this.#records.delete(network);
    return { network, removed };
  }

  #taken(): (Subnet & { readonly by: string })[] {
    return [
      { ...UPLINK, by: "QEMU's user network" },
      ...hostRoutes().map((subnet) => ({ ...subnet, by: "the host's routes" })),
      ...this.#records.all().map((record) => ({ ...subnetOf(record), by: `network '${record.name}'` })),
    ];
  }

  #unused6(subnet6: string): string {
    const other = this.#records.all().find((record) => record.subnet6 === subnet6);
    if (!other) return subnet6;
    throw new NookError('conflict', `Subnet ${subnet6} is that of network '${other.name}'.`);
  }
}

function subnetOf({ subnet, name }: Pick<NetworkRecord, 'subnet' | 'name'>): Subnet {
  const parsed = parseSubnet(subnet);
  if (!parsed) throw new NookError('internal', `The subnet '${subnet}' of network '${name}' cannot be read.`);
  return parsed;
}

function placeOf({ subnet, subnet6 }: Pick<NetworkRecord, 'subnet' | 'subnet6'>, host: number): NetworkAddress {
  const { base } = parseSubnet(subnet) as Subnet;
  return { address: formatAddress(base + host), address6: address6In(subnet6, host) };
}

function lowestFree(subnet: Subnet, used: ReadonlySet<number>): number | undefined {
  for (let host = GATEWAY + 1; host < sizeOf(subnet) - 1; host++) if (!used.has(host)) return host;
  return undefined;
}
