import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer, type RequestListener } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home } from './harness/home.ts';
import { reachEachOther } from './harness/network-reach.ts';
import { processesOfNetwork } from './harness/network-surplus.ts';
import { noNetworks } from './harness/no-networks.ts';
import { freePort, readFrom } from './harness/ports.ts';

/** TEST-NET-2 (RFC 5737): nobody's, and so not among what is closed to guests. */
const OUTSIDE = '198.51.100.77';
/** Of the prefix for documentation (RFC 3849), and made only where it can be. */
const OUTSIDE6 = '2001:db8:77::77';
const isRoot = process.getuid?.() === 0;

interface Network {
  readonly id: string;
  readonly state: string;
  readonly nethost_pid?: number;
  readonly vms: readonly { readonly name: string; readonly address: string; readonly address6: string }[];
}

describe.skipIf(noNetworks)(`a network of several VMs (${noNetworks ?? 'there can be one'})`, () => {
  const answer: RequestListener = (_request, response) => response.end('from outside\n');
  const [server, server6] = [createServer(answer), createServer(answer)];
  const outside = outsideAddress();
  let port = 0;

  beforeAll(async () => {
    if (outside === OUTSIDE) execFileSync('ip', ['address', 'add', `${OUTSIDE}/32`, 'dev', 'lo']);
    if (isRoot) execFileSync('ip', ['-6', 'address', 'add', `${OUTSIDE6}/128`, 'dev', 'lo', 'nodad']);
    await new Promise<void>((resolve) => server.listen(0, outside ?? '127.0.0.1', resolve));
    port = (server.address() as { port: number }).port;
    if (isRoot) await new Promise<void>((resolve) => server6.listen(port, OUTSIDE6, resolve));
  });

  afterAll(() => {
    server.close();
    server6.close();
    if (isRoot) execFileSync('ip', ['-6', 'address', 'del', `${OUTSIDE6}/128`, 'dev', 'lo']);
    if (outside === OUTSIDE) execFileSync('ip', ['address', 'del', `${OUTSIDE}/32`, 'dev', 'lo']);
  });

  const show = (home: Home, name: string) => home.json<Network>('net', 'show', name);
  const inside = (home: Home, vm: string, ...argv: string[]) => home.nook(['vm', 'exec', vm, '--', ...argv]);
  const fetches = async (home: Home, vm: string, host = outside) =>
    (await inside(home, vm, 'wget', '-q', '-O', '-', `http://${host}:${port}/`)).stdout;

  it('its VMs reach each other by address and name, and the outside', async () => {
    await using home = await Home.create({ warm: true });
    await home.ok('net', 'create', 'back', '--subnet', '10.203.1.0/24');
    await busyboxVm(home, 'web', '--network', 'back');
    await busyboxVm(home, 'db', '--network', 'back', '--ip', '10.203.1.40');
    expect(await home.json<Shown>('vm', 'show', 'db')).toMatchObject({
      came_up: 'template',
      network: { address: '10.203.1.40' },
    });
    expect(await home.surplus()).toEqual([]);

    const url = outside && `http://${outside}:${port}/`;
    await reachEachOther(home, { network: 'back', first: 'web', second: 'db', outside: url });
    if (isRoot) expect(await fetches(home, 'db', `[${OUTSIDE6}]`)).toBe('from outside\n');
    expect((await inside(home, 'web', 'cat', '/sys/class/net/eth0/mtu')).stdout).toBe('65520\n');
    expect((await inside(home, 'web', 'ping', '-4', '-c', '1', '-W', '5', '-s', '60000', 'db')).code).toBe(0);
    // The host's own loopback, by the address that stands for it in the uplink.
    expect((await inside(home, 'db', 'wget', '-q', '-O', '-', `http://10.0.2.2:${port}/`)).code).not.toBe(0);

    const refused = await home.nook(['net', 'rm', 'back']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/in use by web, db/);
    const taken = await home.nook(['vm', 'create', '--image', 'busybox', '--network', 'back', '--ip', '10.203.1.40']);
    expect(taken.stderr).toMatch(/10\.203\.1\.40 is in use/);
    await home.ok('vm', 'stop', 'db');
    expect((await inside(home, 'web', 'nslookup', 'db.nook')).code).not.toBe(0);
    await home.ok('vm', 'start', 'db');
    expect((await inside(home, 'web', 'nslookup', 'db.nook')).stdout).toContain('10.203.1.40');
    await home.ok('vm', 'rm', '--force', 'db', 'web');
    await eventually(
      'the network is idle',
      () => show(home, 'back'),
      ({ state, vms }) => state === 'idle' && vms.length === 0,
    );
  });

  it('publishes ports of its VMs, also while they run, until they are taken back', async () => {
    await using home = await Home.create({ warm: true });
    await home.ok('net', 'create', 'back');
    await home.ok('net', 'create', 'shut', '--isolated');
    const first = await freePort();
    await busyboxVm(home, 'web', '--network', 'back', '--publish', `${first}:80`);
    await home.ok('vm', 'exec', '-d', 'web', '--', 'sh', '-c', 'while :; do echo from the guest | nc -l -p 80; done');
    await home.ok('vm', 'exec', 'web', '--', 'sh', '-c', 'until netstat -ltn | grep -q :80; do sleep 0.1; done');
    expect(await readFrom('127.0.0.1', first)).toBe('from the guest\n');

    const [picked] = await home.json<{ host_port: number }[]>('net', 'publish', 'web', '0:80');
    expect(await readFrom('127.0.0.1', picked?.host_port ?? 0)).toBe('from the guest\n');
    for (const address of ['127.0.0.2', ...(outside === undefined ? [] : [outside])])
      expect(await readFrom(address, first)).toBe('ECONNREFUSED');
    const again = await home.nook(['net', 'publish', 'web', `${first}:81`]);
    expect(again.stderr).toMatch(/published of 'web' already/);
    const taken = await home.nook(['net', 'publish', '--json', 'web', `${outside ?? '127.0.0.1'}:${port}:81`]);
    expect(JSON.parse(taken.stderr)).toMatchObject({ error: { code: 'conflict' } });

    const [udp] = await home.json<{ host_port: number }[]>('net', 'publish', 'web', '0:5000/udp');
    const socket = createSocket('udp4');
    socket.send('a datagram', udp?.host_port ?? 0, '127.0.0.1');
    // Nothing in the image listens by UDP: the guest counts what arrived for nobody.
    const arrived = "until [ $(awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp) -gt 0 ]; do sleep 0.1; done";
    expect((await inside(home, 'web', 'timeout', '10', 'sh', '-c', arrived)).code).toBe(0);
    socket.close();

    process.kill((await show(home, 'back')).nethost_pid as number, 'SIGKILL');
    await eventually(
      'its VM is back',
      () => readFrom('127.0.0.1', picked?.host_port ?? 0),
      (text) => text === 'from the guest\n',
    );
    await home.ok('net', 'unpublish', 'web', `${first}:80`);
    expect(await readFrom('127.0.0.1', first)).toBe('ECONNREFUSED');
    const none = await home.nook(['net', 'unpublish', 'web', `${first}:80`]);
    expect(none.stderr).toMatch(/is not published of 'web'/);
    const shut = await home.nook(['vm', 'create', '--image', 'busybox', '--network', 'shut', '--publish', '8080:80']);
    expect(shut.stderr).toMatch(/it is isolated/);
  });

  it('a fork has an address and a name of its own there, and what was suspended has its own again', async () => {
    await using home = await Home.create({ warm: true });
    await home.ok('net', 'create', 'back');
    await busyboxVm(home, 'web', '--network', 'back');
    await home.ok('vm', 'fork', 'web', 'copy');
    expect((await inside(home, 'copy', 'ping', '-4', '-c', '1', '-W', '5', 'web')).code).toBe(0);
    expect((await inside(home, 'web', 'ping', '-6', '-c', '1', '-W', '5', 'copy')).code).toBe(0);
    await home.ok('vm', 'suspend', 'web');
    expect((await inside(home, 'copy', 'nslookup', 'web.nook')).code).not.toBe(0);
    expect(await home.surplus()).toEqual([]);
    await home.ok('vm', 'resume', 'web');
    expect(await home.json<Shown>('vm', 'show', 'web')).toMatchObject({ came_up: 'resume' });
    expect((await inside(home, 'web', 'ping', '-4', '-c', '1', '-W', '5', 'copy')).code).toBe(0);
    const { vms } = await show(home, 'back');
    expect(new Set(vms.map(({ address }) => address)).size).toBe(2);
  });

  it('isolated: there is no way out; and networks do not reach each other', async () => {
    await using home = await Home.create({ warm: true });
    await home.ok('net', 'create', 'shut', '--isolated');
    await home.ok('net', 'create', 'open');
    await busyboxVm(home, 'in', '--network', 'shut');
    await busyboxVm(home, 'out', '--network', 'open');
    const [shut, open] = [await show(home, 'shut'), await show(home, 'open')];
    if (outside !== undefined) {
      expect(await fetches(home, 'in')).toBe('');
      expect(await fetches(home, 'out')).toBe('from outside\n');
    }
    for (const [from, to] of [
      ['in', open],
      ['out', shut],
    ] as const) {
      const address = to.vms[0]?.address ?? '';
      expect((await inside(home, from, 'ping', '-c', '1', '-W', '2', address)).code).not.toBe(0);
    }
    expect((await inside(home, 'in', 'nslookup', 'out.nook')).code).not.toBe(0);
    expect((await inside(home, 'in', 'nslookup', 'in.nook')).code).toBe(0);
  });

  it('outlives the daemon, and comes back after a kill -9 of its nethost, also without a daemon', async () => {
    await using home = await Home.create({ warm: true });
    await home.ok('net', 'create', 'back');
    await busyboxVm(home, 'web', '--network', 'back');
    await busyboxVm(home, 'db', '--network', 'back');
    const { nethost_pid, id } = await show(home, 'back');
    const dir = `${home.dir}/state/nets/${id}`;
    const works = async () => {
      expect((await inside(home, 'web', 'ping', '-c', '1', '-W', '5', 'db.nook')).code).toBe(0);
      if (outside !== undefined) expect(await fetches(home, 'db')).toBe('from outside\n');
      expect(await home.surplus()).toEqual([]);
    };

    process.kill((await home.json<{ pid: number }>('daemon', 'status')).pid, 'SIGKILL');
    await works();
    expect((await show(home, 'back')).nethost_pid).toBe(nethost_pid);

    process.kill(nethost_pid as number, 'SIGKILL');
    await eventually(
      'another nethost',
      () => show(home, 'back'),
      (seen) => seen.nethost_pid !== nethost_pid && seen.state === 'active',
    );
    await eventually(
      'its VMs are back',
      () => home.nook(['vm', 'exec', 'web', '--', 'nslookup', 'db.nook']),
      ({ code }) => code === 0,
    );
    await works();

    process.kill((await home.json<{ pid: number }>('daemon', 'status')).pid, 'SIGKILL');
    for (const pid of processesOfNetwork(dir).uplinks) process.kill(pid, 'SIGKILL');
    await eventually(
      'the nethost ends without its uplink',
      () => processesOfNetwork(dir).nethosts,
      (pids) => pids.length === 0,
    );
    await home.ok('daemon', 'start');
    await eventually(
      'its VMs are back',
      () => home.nook(['vm', 'exec', 'web', '--', 'nslookup', 'db.nook']),
      ({ code }) => code === 0,
    );
    await works();
  });
});

/** An address that is the host's own and not closed to guests; made where there is none and it can be. */
function outsideAddress(): string | undefined {
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
  const closed =
    /^(?:10\.|127\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
  return own.find((address) => !closed.test(address)) ?? (isRoot ? OUTSIDE : undefined);
}
