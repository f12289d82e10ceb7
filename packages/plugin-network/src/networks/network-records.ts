import { type Migration, NookError, type Store } from '@nook/daemonapi';
import type { EgressSpec, NetworkMode } from '../contract.ts';
import { OPEN } from '../egress/policy.ts';

export const networksMigration: Migration = {
  name: 'networks',
  sql: `CREATE TABLE network_networks (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      subnet TEXT NOT NULL UNIQUE,
      subnet6 TEXT NOT NULL UNIQUE,
      isolated INTEGER NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE network_addresses (
      vm TEXT PRIMARY KEY,
      network TEXT NOT NULL REFERENCES network_networks (id),
      host INTEGER NOT NULL,
      UNIQUE (network, host)
    ) STRICT`,
};

export const egressMigration: Migration = {
  name: 'network-egress',
  sql: 'ALTER TABLE network_networks ADD COLUMN egress TEXT',
};

export const ownersMigration: Migration = {
  name: 'network-owners',
  sql: 'ALTER TABLE network_networks ADD COLUMN owner TEXT',
};

/** Since networks that the host takes part in. */
export const modeMigration: Migration = {
  name: 'network-mode',
  sql: "ALTER TABLE network_networks ADD COLUMN mode TEXT NOT NULL DEFAULT 'namespace'",
};

export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  /** `A.B.C.D/PREFIX` */
  readonly subnet: string;
  /** `PREFIX::/64` */
  readonly subnet6: string;
  readonly mode: NetworkMode;
  /** No way out. */
  readonly isolated: boolean;
  /** Of VMs that are made on it without one of their own. */
  readonly egress: EgressSpec;
  /** The id of the VM that it is for, and goes with. */
  readonly owner?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly created_at: number;
}

/** The number of a VM's address in its network, counted from the network's own. */
export interface AddressRecord {
  readonly vm: string;
  readonly host: number;
}

type Row = Omit<NetworkRecord, 'isolated' | 'egress' | 'owner'> & {
  readonly owner: string | null;
  readonly isolated: number;
  readonly egress: string | null;
};

/** The networks of this home and the addresses in them, as the store keeps them. */
export class NetworkRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  all(): NetworkRecord[] {
    return this.#store.all<Row>('SELECT * FROM network_networks ORDER BY created_at, name').map(fromRow);
  }

  find(name: string): NetworkRecord | undefined {
    const row = this.#store.get<Row>('SELECT * FROM network_networks WHERE name = ?', name);
    return row && fromRow(row);
  }

  /** @throws NookError `already_exists` */
  insert({ id, name, mode, subnet, subnet6, isolated, egress, owner, created_at }: NetworkRecord): void {
    const { changes } = this.#store.run(
      'INSERT INTO network_networks (id, name, mode, subnet, subnet6, isolated, egress, owner, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      ...[id, name, mode, subnet, subnet6, isolated ? 1 : 0, JSON.stringify(egress), owner ?? null, created_at],
    );
    if (changes === 0)
      throw new NookError('already_exists', `There is a network '${name}' or one of its subnets already.`);
  }

  delete(id: string): void {
    this.#store.run('DELETE FROM network_networks WHERE id = ?', id);
  }

  addresses(network: string): AddressRecord[] {
    return this.#store.all('SELECT vm, host FROM network_addresses WHERE network = ? ORDER BY host', network);
  }

  /** @returns false when another VM has it */
  take(network: string, { vm, host }: AddressRecord): boolean {
    const sql =
      'INSERT INTO network_addresses (vm, network, host) VALUES (?, ?, ?) ON CONFLICT (network, host) DO NOTHING';
    return this.#store.run(sql, vm, network, host).changes === 1;
  }

  /** The id of the network that a VM has an address in. */
  networkOf(vm: string): string | undefined {
    return this.#store.get<{ network: string }>('SELECT network FROM network_addresses WHERE vm = ?', vm)?.network;
  }

  release(vm: string): void {
    this.#store.run('DELETE FROM network_addresses WHERE vm = ?', vm);
  }

  transaction<T>(work: () => T): T {
    return this.#store.transaction(work);
  }
}

function fromRow({ owner, ...row }: Row): NetworkRecord {
  const egress = row.egress === null ? OPEN : (JSON.parse(row.egress) as EgressSpec);
  return { ...row, isolated: row.isolated === 1, egress, ...(owner === null ? {} : { owner }) };
}
