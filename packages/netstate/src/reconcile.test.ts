import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DesiredStateInput } from './index.ts';
import { noNamespaces, TestNamespace } from './namespace.fixture.ts';
import { guest, otherOwner, twoGuests } from './states.fixture.ts';

const FOREIGN = `
  ip link add name docker0 type bridge
  ip address add 172.17.0.1/16 dev docker0
  ip tuntap add dev tap9 mode tap
  ip link add name nkveth type veth peer name nkpeer
  nft add table inet filter
  nft 'add chain inet filter forward { type filter hook forward priority 0; policy drop; }'
  nft add rule inet filter forward ct state established accept
  nft add table bridge other
`;
const foreign =
  'nft -s list table inet filter; nft list table bridge other; ip -o address show docker0; ip -o link show tap9; ip -o link show nkveth';

describe('a state of a network namespace', () => {
  let host: TestNamespace;
  beforeAll(async () => {
    if (noNamespaces === undefined) host = await TestNamespace.make();
  });
  beforeEach(({ skip }) => skip(noNamespaces !== undefined, noNamespaces));
  afterEach(() => host?.remove());
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('is made once, and then is right', async () => {
    const { repaired, sysctls_before } = await host.reconcile(twoGuests);
    expect(repaired.map(({ kind, name, problem }) => `${kind} ${name} ${problem}`)).toEqual([
      ...['bridge nkbr0 missing', 'tap nkt2 missing', 'tap nkt3 missing', 'rules nook missing'],
      ...['sysctl ipv4/ip_forward changed', 'sysctl ipv6/conf/all/forwarding changed'],
    ]);
    expect(sysctls_before).toMatchObject({ 'ipv4/ip_forward': '0', 'ipv6/conf/all/forwarding': '0' });
    expect(await host.reconcile(twoGuests)).toEqual({ repaired: [], sysctls_before: {} });
    expect(await host.run('ip -o address show nkbr0')).toMatch(/10\.77\.0\.1\/24[\s\S]*fd77::1\/64/);
  });

  it.each([
    ['the rules flushed', 'nft flush ruleset', 'rules nook missing'],
    ['one chain emptied', 'nft flush chain inet nook from-guest', 'rules nook changed'],
    ['a rule added', 'nft insert rule inet nook from-guest accept', 'rules nook changed'],
    ['a table deleted', 'nft delete table bridge nook', 'rules nook changed'],
    ['an element taken out', "nft delete element bridge nook sources4 '{ nkt2 . 10.77.0.2 }'", 'rules nook changed'],
    ['the bridge deleted', 'ip link delete nkbr0', 'bridge nkbr0 missing, tap nkt2 changed, tap nkt3 changed'],
    ['the bridge down', 'ip link set nkbr0 down', 'bridge nkbr0 changed'],
    ['an address taken', 'ip address flush dev nkbr0 scope global', 'bridge nkbr0 changed'],
    ['an address added', 'ip address add 10.99.0.1/24 dev nkbr0', 'bridge nkbr0 changed'],
    ['a tap deleted', 'ip link delete nkt2', 'tap nkt2 missing'],
    ['a tap elsewhere', 'ip link set nkt2 nomaster', 'tap nkt2 changed'],
    ['forwarding off', 'echo 0 > /proc/sys/net/ipv4/ip_forward', 'sysctl ipv4/ip_forward changed'],
    ['a link too many', 'ip link add name nkbr7 type bridge', 'bridge nkbr7 surplus'],
  ])('is repaired with %s', async (_, damage, found) => {
    await host.reconcile(twoGuests);
    const right = await host.observe();
    await host.run(damage);
    const { repaired } = await host.reconcile(twoGuests);
    expect(repaired.map(({ kind, name, problem }) => `${kind} ${name} ${problem}`).join(', ')).toBe(found);
    expect((await host.reconcile(twoGuests)).repaired).toEqual([]);
    expect((await host.observe()).tables).toEqual(right.tables);
  });

  it('follows what is wanted, and leaves nothing of what was', async () => {
    await host.reconcile(twoGuests);
    const other: DesiredStateInput = {
      bridges: [{ name: 'nkbr1', addresses: ['10.78.0.1/24'], mtu: 1400, isolated: true }],
      taps: [{ ...guest(2), bridge: 'nkbr1', owner_uid: otherOwner, addresses: ['10.78.0.2'] }],
    };
    await host.reconcile(other);
    const { links } = await host.observe();
    expect(links.map(({ name }) => name).sort()).toEqual(['nkbr1', 'nkt2']);
    expect(links.find(({ name }) => name === 'nkt2')).toMatchObject({
      master: 'nkbr1',
      owner_uid: otherOwner,
      mtu: 1400,
      isolated: true,
    });
    expect((await host.reconcile(other)).repaired).toEqual([]);
  });

  it.each<[string, DesiredStateInput, DesiredStateInput]>([
    ['from nothing', {}, twoGuests],
    ['by one guest', { ...twoGuests, taps: [guest(2)] }, twoGuests],
    ['to nothing', twoGuests, {}],
    [
      'to another bridge and another size',
      twoGuests,
      {
        bridges: [{ name: 'nkbr1', addresses: ['10.78.0.1/24'], mtu: 1400, isolated: true }],
        taps: [{ ...guest(2), bridge: 'nkbr1', owner_uid: otherOwner, addresses: ['10.78.0.2'] }],
      },
    ],
  ])('is led on %s as if it were made anew', async (_, from, to) => {
    await host.reconcile(from);
    await host.advance(from, to);
    expect((await host.reconcile(to)).repaired).toEqual([]);
  });

  it('is led on where it is not what it was taken for: it is looked at', async () => {
    await host.reconcile(twoGuests);
    await host.run('ip link delete nkbr0; ip link delete nkt2; nft flush ruleset');
    await host.advance(twoGuests, { ...twoGuests, taps: [guest(3), guest(4)] });
    const { links } = await host.observe();
    expect(links.map(({ name, master }) => `${name} ${master}`).sort()).toEqual([
      ...['nkbr0 undefined', 'nkt3 nkbr0', 'nkt4 nkbr0'],
    ]);
    expect((await host.reconcile({ ...twoGuests, taps: [guest(3), guest(4)] })).repaired).toEqual([]);
  });

  it('is not made, with a word, where the kernel gives no socket for it; and is when it does', async () => {
    // Up to the first that is free: no socket is given, and libnftables would end the process.
    await host.run(`n=0; while [ -h /proc/${host.pid}/fd/$n ]; do n=$((n + 1)); done
      prlimit --pid ${host.pid} --nofile=$n:`);
    await expect(host.reconcile(twoGuests)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The kernel gives no socket for nftables: EMFILE.',
    });
    await host.run(`prlimit --pid ${host.pid} --nofile=1024:`);
    expect((await host.reconcile(twoGuests)).repaired).not.toEqual([]);
  });

  it('touches nothing of others, whatever they have beside it', async () => {
    await host.run(FOREIGN);
    const before = await host.run(foreign);
    await host.reconcile(twoGuests);
    await host.run('nft delete table inet nook; ip link delete nkbr0');
    await host.reconcile(twoGuests);
    await host.reconcile({});
    // Nothing is wanted, and nothing is there.
    expect(await host.run('nft list tables')).toBe('table inet filter\ntable bridge other\n');
    expect((await host.reconcile({})).repaired).toEqual([]);
    await host.reconcile(twoGuests);
    await host.remove();
    expect(await host.run(foreign)).toBe(before);
    expect(await host.run('nft list tables')).toBe('table inet filter\ntable bridge other\n');
    // Both have our prefix, and neither our alias nor a kind that we make.
    expect((await host.observe()).links.map(({ kind }) => kind)).toEqual(['foreign', 'foreign']);
    await host.run('ip link delete nkveth; ip link delete docker0; ip link delete tap9; nft flush ruleset');
  });

  it.each([
    ['of another kind', 'ip link add name nkt2 type veth peer name other'],
    ['of somebody else', 'ip tuntap add dev nkt2 mode tap; ip link set nkt2 alias theirs'],
  ])('is refused where a link %s has a name of it', async (_, making) => {
    await host.run(making);
    await expect(host.reconcile(twoGuests)).rejects.toMatchObject({ code: 'conflict' });
    expect(await host.run('nft list tables')).toBe('');
    await host.remove();
    expect(await host.run('ip link show nkt2')).toContain('nkt2');
    await host.run('ip link delete nkt2');
  });

  it('with a hundred guests and their rules is one transaction: readers see the old rules or the new', async () => {
    const elements = [1, 2, 3, 4].map((part) => ({
      ...{ cidr: `203.0.113.${part}`, protocol: 'tcp' as const, ports: { from: 443, to: 443 } },
    }));
    const taps = Array.from({ length: 100 }, (_, at) => guest(at + 2));
    const many: DesiredStateInput = {
      ...twoGuests,
      taps,
      egress: taps.map(({ name }, at) => ({
        ...{ tap: name, policy: 'allow' },
        elements: [...elements, { cidr: `192.0.2.${at % 10}`, protocol: 'tcp', ports: { from: 80, to: 80 } }],
      })),
      forwards: taps.map(({ addresses }, at) => ({
        ...{ protocol: 'tcp', host_address: '0.0.0.0', host_port: 8000 + at },
        ...{ guest_address: addresses[0] as string, guest_port: 80 },
      })),
    };
    await host.reconcile(many);
    expect((await host.reconcile(many)).repaired).toEqual([]);
    const monitor = host.start('nft monitor');
    let told = '';
    monitor.stdout?.on('data', (chunk) => {
      told += chunk;
    });
    await expect
      .poll(async () => {
        await host.run('nft add table inet probe; nft delete table inet probe');
        return told;
      })
      .toMatch(/delete table inet probe[\s\S]*generation/);
    told = '';
    await host.reconcile({ ...many, egress: [] });
    await expect.poll(() => told).toMatch(/add chain inet nook made-\S+\s+# new generation/);
    // The first generation is the replacement as a whole, the second what marks it.
    expect(told.match(/# new generation/g)?.length).toBe(2);
  });
});
