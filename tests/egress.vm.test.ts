import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home } from './harness/home.ts';
import { type NameServer, nameServer } from './harness/name-server.ts';
import { fetching, policyHolds } from './harness/policy-holds.ts';

/** TEST-NET-2 (RFC 5737): nobody's, and so not among what is closed to guests. */
const WEB = '198.51.100.80';
const OTHER = '198.51.100.81';

const isRoot = process.getuid?.() === 0;

describe('what a VM may reach', () => {
  const servers: Server[] = [];
  let names: NameServer;
  let port = 0;

  beforeEach(({ skip }) => skip(!isRoot, 'only root can give this machine the addresses of the outside'));

  beforeAll(async () => {
    if (!isRoot) return;
    for (const address of [WEB, OTHER]) execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
    for (const address of [WEB, OTHER]) {
      const server = createServer((_request, response) => response.end(`${address}\n`));
      await new Promise<void>((resolve) => server.listen(port, address, resolve));
      port = (server.address() as AddressInfo).port;
      servers.push(server);
    }
    names = await nameServer(WEB, {
      'web.example.test': WEB,
      'other.example.test': OTHER,
      'inner.example.test': '10.9.9.9',
    });
  });

  afterAll(() => {
    if (!isRoot) return;
    for (const server of servers) server.close();
    names?.close();
    for (const address of [WEB, OTHER]) execFileSync('ip', ['address', 'del', `${address}/32`, 'dev', 'lo']);
  });

  it('is what its policy says, by name and address, live, reported, learnt, and kept whatever is killed', async () => {
    const config = `[vm.templates]\nauto = false\n[network]\ndns = "${WEB}:${names.port}"\n`;
    await using home = await Home.create({ warm: true, config });
    await home.ok('net', 'create', 'back');
    await busyboxVm(home, 'web', '--network', 'back', '--allow', `web.example.test:${port}`);
    const fetches = fetching(home, 'web', port);
    const policy = (...flags: string[]) => home.ok('net', 'policy', 'set', 'web', ...flags);
    const nethost = async () => (await home.json<{ nethost_pid?: number }>('net', 'show', 'back')).nethost_pid;

    await policyHolds(home, { vm: 'web', network: 'back', outside: { web: WEB, other: OTHER, port } });
    expect(await fetches('other.example.test')).toBe('no');
    await policy('--allow', `web.example.test:${port}`, '--allow', OTHER);

    // Nothing passes while the nethost is gone, and after it is back no more than before.
    await home.ok('vm', 'fork', 'web', 'copy');
    process.kill((await home.json<{ pid: number }>('daemon', 'status')).pid, 'SIGKILL');
    expect(await fetches(OTHER)).toBe(OTHER);
    const old = await nethost();
    await policy('--deny');
    process.kill(old as number, 'SIGKILL');
    const reached = await fetches(OTHER);
    await eventually('another nethost', nethost, (pid) => pid !== undefined && pid !== old);
    expect([reached, await fetches(OTHER), await fetches('web.example.test')]).toEqual(['no', 'no', 'no']);
    expect(await home.json('net', 'policy', 'show', 'copy')).toMatchObject({
      ...{ vm: 'copy', egress: { mode: 'allow', allow: [`web.example.test:${port}`, OTHER] } },
      enforced: { mode: 'allow' },
    });

    const list = [`${OTHER}:${port}`, `web.example.test:${port}`];
    await policy(...list.flatMap((each) => ['--allow', each]));
    await home.ok('vm', 'stop', 'web');
    await home.ok('vm', 'start', 'web');
    expect(await home.json('net', 'policy', 'show', 'web')).toMatchObject({
      egress: { mode: 'allow', audit: false, allow: list },
    });
    expect([await fetches('web.example.test'), await fetches(OTHER), await fetches('other.example.test')]).toEqual([
      ...[WEB, OTHER, 'no'],
    ]);
    const refused = await home.nook(['vm', 'create', '--image', 'busybox', '--network', 'none', '--egress', 'deny']);
    expect(refused.stderr).toMatch(/reaches nothing/);

    // Without a network it gets one of its own, and its fork another one; both go with them.
    await busyboxVm(home, 'alone', '--allow', `${OTHER}:${port}`);
    const url = (address: string) => `http://${address}:${port}/`;
    const gets = async (vm: string, address: string) =>
      (await home.nook(['vm', 'exec', vm, '--', 'timeout', '10', 'wget', '-q', '-O', '-', url(address)])).stdout.trim();
    expect([await gets('alone', OTHER), await gets('alone', WEB)]).toEqual([OTHER, '']);
    await home.ok('vm', 'fork', 'alone', 'twin');
    const nets = async () =>
      (await home.json<{ vms: { name: string }[] }[]>('net', 'list')).map(({ vms }) => vms.map(({ name }) => name));
    expect((await nets()).sort()).toEqual([['alone'], ['twin'], ['web', 'copy']]);
    expect([await gets('twin', OTHER), await gets('twin', WEB)]).toEqual([OTHER, '']);
    await home.ok('vm', 'rm', '--force', 'alone', 'twin');
    expect(await nets()).toEqual([['web', 'copy']]);
  });
});
