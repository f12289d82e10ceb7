import { DatabaseSync } from 'node:sqlite';
import type { SqlValue, Store } from '@nook/daemonapi';
import { describe, expect, it } from 'vitest';
import { addressNumber, formatAddress, parseSubnet, parseSubnet6 } from './cidr.ts';
import { hostRoutes } from './host-routes.ts';
import {
  egressMigration,
  modeMigration,
  NetworkRecords,
  networksMigration,
  ownersMigration,
} from './network-records.ts';
import { Networks } from './networks.ts';

function store(): Store {
  const database = new DatabaseSync(':memory:');
  for (const { sql } of [networksMigration, egressMigration, ownersMigration, modeMigration]) database.exec(sql ?? '');
  return {
    migrate: () => {},
    run: (sql, ...params) => ({ changes: Number(database.prepare(sql).run(...(params as SqlValue[])).changes) }),
    get: <Row>(sql: string, ...params: SqlValue[]) => database.prepare(sql).get(...params) as Row | undefined,
    all: <Row>(sql: string, ...params: SqlValue[]) => database.prepare(sql).all(...params) as Row[],
    transaction: (work) => work(),
  };
}

function networksOf(): Networks {
  const clock = { now: () => 1, monotonic: () => 1 };
  return new Networks({ records: new NetworkRecords(store()), clock, vmName: (id) => `vm-${id}` });
}

const code = (name: string) => expect.objectContaining({ code: name });

describe('networks of several VMs', () => {
  it('get subnets that neither overlap each other nor what the host reaches', () => {
    const networks = networksOf();
    const made = ['a', 'b', 'c'].map((name) => networks.create({ name }));
    expect(new Set(made.map(({ subnet }) => subnet)).size).toBe(3);
    expect(new Set(made.map(({ subnet6 }) => subnet6)).size).toBe(3);
    for (const { subnet6 } of made) expect(subnet6).toMatch(/^fd[0-9a-f:]+::\/64$/);
    expect(() => networks.create({ name: 'd', subnet: made[0]?.subnet })).toThrow(code('conflict'));
    expect(() => networks.create({ name: 'd', subnet6: made[0]?.subnet6 })).toThrow(code('conflict'));
    expect(() => networks.create({ name: 'd', subnet: '10.0.2.0/25' })).toThrow(code('conflict'));
    expect(() => networks.create({ name: 'a' })).toThrow(code('already_exists'));
    expect(networks.all().map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it.each(['8.8.8.0/24', '10.1.1.1/24', '10.0.0.0/8', '10.1.1.0/30', '10.1.1.0', 'x', '10.1.1.0/24/1'])(
    'refuse the subnet %j',
    (subnet) => expect(() => networksOf().create({ name: 'a', subnet })).toThrow(code('bad_params')),
  );

  it.each(['2001:db8::/64', 'fd00::/48', 'fd00::1/64', 'fd00::', 'x/64'])('refuse the IPv6 subnet %j', (subnet6) =>
    expect(() => networksOf().create({ name: 'a', subnet6 })).toThrow(code('bad_params')),
  );

  it.each(['user', 'none', 'Bad', 'a.b', '-a', ''])('refuse the name %j', (name) =>
    expect(() => networksOf().create({ name })).toThrow(code('bad_params')),
  );

  it('give each VM an address of its own, the one that was asked for where it was, and take it back', () => {
    const networks = networksOf();
    const record = networks.create({ name: 'a', subnet: '10.9.0.0/29', subnet6: 'FD12:0:0:1::/64' });
    expect(networks.view(record)).toMatchObject({ gateway: '10.9.0.1', gateway6: 'fd12:0:0:1::1', vms: [] });
    expect(networks.allocate(record, 'one', '10.9.0.3')).toEqual({ address: '10.9.0.3', address6: 'fd12:0:0:1::3' });
    expect(['two', 'three', 'four', 'five'].map((vm) => networks.allocate(record, vm).address)).toEqual(
      [2, 4, 5, 6].map((host) => `10.9.0.${host}`),
    );
    expect(() => networks.allocate(record, 'six')).toThrow(code('unavailable'));
    expect(() => networks.allocate(record, 'six', '10.9.0.4')).toThrow(code('conflict'));
    networks.release('three');
    expect(networks.allocate(record, 'six').address).toBe('10.9.0.4');
  });

  it.each(['10.9.0.0', '10.9.0.1', '10.9.0.7', '10.9.1.2', 'fd12::2', 'x'])('have no place for %j', (address) => {
    const networks = networksOf();
    const record = networks.create({ name: 'a', subnet: '10.9.0.0/29' });
    networks.checkAddress(record, '10.9.0.2');
    expect(() => networks.checkAddress(record, address)).toThrow(code('bad_params'));
  });

  it('stay while a VM is on them, and say which', () => {
    const networks = networksOf();
    const record = networks.create({ name: 'a' });
    networks.allocate(record, 'one');
    expect(() => networks.delete('a')).toThrow(
      expect.objectContaining({ code: 'conflict', message: "Network 'a' is in use by vm-one." }),
    );
    networks.release('one');
    networks.delete('a');
    expect(() => networks.delete('a')).toThrow(code('not_found'));
  });
});

describe('addresses', () => {
  it('are read and written alike', () => {
    expect(formatAddress(addressNumber('192.168.255.1'))).toBe('192.168.255.1');
    expect(parseSubnet('192.168.0.0/16')).toEqual({ base: addressNumber('192.168.0.0'), prefix: 16 });
    expect(parseSubnet6('fd00:0:0:5::/64')).toBe('fd00:0:0:5::/64');
    expect(parseSubnet6('fd00::/64')).toBe('fd00::/64');
  });

  it("of the host's routes are those of /proc/net/route", () => {
    const table = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
      '',
    ];
    expect(hostRoutes(table.join('\n'))).toEqual([parseSubnet('192.0.2.0/24')]);
  });
});
