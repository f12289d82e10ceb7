import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';
import { freePort, readFrom } from './harness/ports.ts';

const SERVE = 'while :; do echo "from the guest" | nc -l -p 80; done';

describe('the network of a VM', () => {
  it('publishes a port on 127.0.0.1 and on no other address', async () => {
    await using home = await Home.create({ warm: true });
    const port = await freePort();
    await busyboxVm(home, 'web', '--publish', `${port}:80`);
    await home.ok('vm', 'exec', '-d', 'web', '--', 'sh', '-c', SERVE);
    await home.ok('vm', 'exec', 'web', '--', 'sh', '-c', 'until netstat -ltn | grep -q :80; do sleep 0.1; done');
    expect(await readFrom('127.0.0.1', port)).toBe('from the guest\n');
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, address }) => family === 'IPv4' && address !== '127.0.0.1');
    for (const { address } of [...others, { address: '127.0.0.2' }])
      expect(await readFrom(address, port)).toBe('ECONNREFUSED');
    expect(await home.ok('vm', 'list')).toContain(`127.0.0.1:${port}→80`);

    const taken = await home.nook(['vm', 'run', '--rm', '--image', 'busybox', '--publish', `${port}:80`, '--', 'true']);
    expect(taken.code).toBe(125);
    expect(taken.stderr).toMatch(/cannot be published: it is in use already/);
  });

  it('publishes ports while it runs, and keeps them', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web', '--publish', '0:80');
    const serve = async () => {
      await home.ok('vm', 'exec', '-d', 'web', '--', 'sh', '-c', SERVE);
      await home.ok('vm', 'exec', 'web', '--', 'sh', '-c', 'until netstat -ltn | grep -q :80; do sleep 0.1; done');
    };
    const ports = async () =>
      (await home.json<{ network: { publish: { host_port: number }[] } }>('vm', 'show', 'web')).network.publish;
    await serve();
    const [first] = await ports();
    expect(await readFrom('127.0.0.1', first?.host_port ?? 0)).toBe('from the guest\n');
    const [second] = await home.json<{ host_port: number }[]>('net', 'publish', 'web', '0:80');
    const [udp] = await home.json<{ host_port: number }[]>('net', 'publish', 'web', '0:5000/udp');
    expect(await readFrom('127.0.0.1', second?.host_port ?? 0)).toBe('from the guest\n');
    const socket = createSocket('udp4');
    socket.send('a datagram', udp?.host_port ?? 0, '127.0.0.1');
    // Nothing in the image listens by UDP: the guest counts what arrived for nobody.
    const arrived = "until [ $(awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp) -gt 0 ]; do sleep 0.1; done";
    await home.ok('vm', 'exec', 'web', '--', 'timeout', '10', 'sh', '-c', arrived);
    socket.close();
    const taken = await home.nook(['net', 'publish', '--json', 'web', `${first?.host_port}:81`]);
    expect(JSON.parse(taken.stderr)).toMatchObject({ error: { code: 'already_exists' } });

    process.kill((await home.json<{ pid: number }>('daemon', 'status')).pid, 'SIGKILL');
    await home.ok('net', 'unpublish', 'web', `${first?.host_port}:80`);
    expect(await readFrom('127.0.0.1', first?.host_port ?? 0)).toBe('ECONNREFUSED');
    await home.ok('vm', 'stop', 'web');
    await home.ok('vm', 'start', 'web');
    await serve();
    expect((await ports()).length).toBe(2);
    expect(await readFrom('127.0.0.1', second?.host_port ?? 0)).toBe('from the guest\n');
    await home.ok('vm', 'pause', 'web');
    await home.ok('net', 'unpublish', 'web', `${second?.host_port}:80`);
    expect(await readFrom('127.0.0.1', second?.host_port ?? 0)).toBe('ECONNREFUSED');
  });

  it('reaches the archive that the image was made from', async () => {
    await using home = await Home.create({ warm: true });
    const script =
      'set -e; url=$(sed -n "s/^deb \\(\\[[^]]*\\] \\)\\?\\([^ ]*\\) .*/\\2/p" /etc/apt/sources.list | head -1); curl -fsSI -m 60 "$url/dists/bookworm/InRelease" | head -1';
    const { stdout, stderr } = await home.nook(['vm', 'run', '--rm', '--', 'sh', '-c', script]);
    expect(stdout + stderr).toMatch(/^HTTP\/[\d.]+ 200/);
  });

  it('none: there is a card, and it leads nowhere', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'alone', '--network', 'none');
    expect(await home.ok('vm', 'exec', 'alone', '--', 'ip', 'route')).toBe('');
    for (const target of ['10.0.2.2', '10.0.2.3', resolver()]) {
      const { code } = await home.nook(['vm', 'exec', 'alone', '--', 'ping', '-c', '1', '-W', '2', target]);
      expect(code).not.toBe(0);
    }
    expect(await home.ok('vm', 'exec', 'alone', '--', 'ping', '-c', '1', '127.0.0.1')).toContain('1 packets received');
  });
});

/** An address that the host itself talks to. */
function resolver(): string {
  return /^nameserver (\d+\.\d+\.\d+\.\d+)/m.exec(readFileSync('/etc/resolv.conf', 'utf8'))?.[1] ?? '192.0.2.1';
}
