import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noHelper, TestHelper } from '../packages/plugin-roothelper/src/helper.fixture.ts';
import { busyboxVm } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home, NOOK } from './harness/home.ts';
import { reachEachOther } from './harness/network-reach.ts';
import { fetching, policyHolds } from './harness/policy-holds.ts';

const FOREIGN = 'nft -s list table inet filter; ip -o address show docker0';
const OUTSIDE = { web: '198.51.100.2', other: '198.51.100.3', port: 8001 };
const DNS_PORT = 5300;
/** In the outside: what says that it is, what says which address it is, and who knows names. */
const SERVERS = `
  const { createServer } = require('node:http');
  createServer((_, to) => to.end('from outside\\n')).listen(8000);
  createServer((from, to) => to.end(from.socket.localAddress.replace('::ffff:', '') + '\\n')).listen(${OUTSIDE.port});
  import('${new URL('./harness/name-server.ts', import.meta.url)}').then(({ nameServer }) => nameServer('${OUTSIDE.web}',
    { 'web.example.test': '${OUTSIDE.web}', 'other.example.test': '${OUTSIDE.other}' }, ${DNS_PORT}));`;
const SERVE = 'while :; do echo from the guest | nc -l -p 80; done';

interface Network {
  readonly id: string;
  readonly state: string;
  readonly nethost_pid?: number;
  readonly gateway: string;
  readonly vms: readonly { readonly address: string }[];
}

describe('a network that the host takes part in', () => {
  let helper: TestHelper;
  let outside: ChildProcess;
  let server: ChildProcess;

  beforeAll(async () => {
    if (noHelper !== undefined) return;
    helper = await TestHelper.make();
    await helper.install({ owner_uid: 0 });
    await helper.start();
    outside = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up; echo ready; exec sleep infinity']);
    await once(outside.stdout as NodeJS.ReadableStream, 'data');
    await helper.run(`ip link add up0 type veth peer name up0 netns ${outside.pid}
      ip address add 198.51.100.1/24 dev up0; ip link set up0 up
      ip link add name docker0 type bridge; ip address add 172.17.0.1/16 dev docker0
      nft add table inet filter; nft 'add chain inet filter mine { type filter hook forward priority 5; }'
      nsenter --net=/proc/${outside.pid}/ns/net sh -c 'ip address add ${OUTSIDE.web}/24 dev up0; ip address add ${OUTSIDE.other}/24 dev up0; ip link set up0 up'`);
    server = spawn('nsenter', [`--net=/proc/${outside.pid}/ns/net`, process.execPath, '-e', SERVERS]);
  });
  beforeEach(({ skip }) => skip(noHelper !== undefined, noHelper));
  afterAll(async () => {
    server?.kill('SIGKILL');
    outside?.kill('SIGKILL');
    await helper?.[Symbol.asyncDispose]();
  });

  const newHome = () =>
    Home.create({
      ...{ warm: true, program: ['nsenter', `--net=/proc/${helper.namespacePid}/ns/net`, NOOK] },
      config: `[vm.templates]\nauto = false\n[roothelper]\nsocket = "${helper.socket}"\n[network]\ndns = "${OUTSIDE.web}:${DNS_PORT}"\n`,
    });
  /** What a port of the host says. */
  const read = async (address: string, port: number) =>
    (await helper.run(`socat -t 5 -T 5 - TCP4:${address}:${port} </dev/null 2>/dev/null || echo refused`)).trim();
  /** As the host's own resolver asks for it. */
  const lookUp = async (name: string) => {
    const program = `const own = new (require('node:dns').Resolver)(); own.setServers(['10.203.2.1:53053']);
      own.resolve4('${name}', (error, found) => console.log(error ? error.code : found.join()));`;
    return (await helper.run(`exec ${process.execPath} -e "${program}"`)).trim();
  };
  const show = (home: Home) => home.json<Network>('net', 'show', 'lan');

  it('works as one without root does, and the host reaches its VMs; foreign rules and bridges stay', async () => {
    await using home = await newHome();
    const before = await helper.run(FOREIGN);
    await home.ok('net', 'create', 'lan', '--mode', 'bridge', '--subnet', '10.203.2.0/24');
    await busyboxVm(home, 'web', '--network', 'lan', '--publish', '18080:80');
    await busyboxVm(home, 'db', '--network', 'lan', '--ip', '10.203.2.40');
    expect(await home.surplus()).toEqual([]);
    await reachEachOther(home, { network: 'lan', first: 'web', second: 'db', outside: 'http://198.51.100.2:8000/' });

    await home.ok('vm', 'exec', '-d', 'web', '--', 'sh', '-c', SERVE);
    await home.ok('vm', 'exec', 'web', '--', 'sh', '-c', 'until netstat -ltn | grep -q :80; do sleep 0.1; done');
    expect(await read('10.203.2.2', 80)).toBe('from the guest');
    expect(await lookUp('db.nook')).toBe('10.203.2.40');
    expect(await lookUp('outside.test')).toBe('ENOTFOUND');
    expect(await read('127.0.0.1', 18_080)).toBe('from the guest');
    const [picked] = await home.json<{ host_port: number }[]>('net', 'publish', 'web', '0:80');
    expect(await read('127.0.0.1', picked?.host_port ?? 0)).toBe('from the guest');
    const taken = await home.nook(['net', 'publish', '--json', 'db', `${picked?.host_port}:80`]);
    expect(JSON.parse(taken.stderr)).toMatchObject({ error: { code: 'conflict' } });
    await home.ok('net', 'unpublish', 'web', '18080:80');
    expect(await read('127.0.0.1', 18_080)).toBe('refused');

    const works = async () => {
      await eventually(
        'the network is as it was',
        async () => [
          (await home.nook(['vm', 'exec', 'web', '--', 'nslookup', 'db.nook'])).code,
          await read('127.0.0.1', picked?.host_port ?? 0),
        ],
        ([code, text]) => code === 0 && text === 'from the guest',
      );
      expect(await helper.run(FOREIGN)).toBe(before);
    };
    process.kill((await show(home)).nethost_pid as number, 'SIGKILL');
    await works();
    await helper.kill();
    process.kill((await home.json<{ pid: number }>('daemon', 'status')).pid, 'SIGKILL');
    await helper.run('nft delete table inet nook; nft delete table bridge nook');
    await helper.start();
    await works();
    await helper.run(`nft delete table inet nook; ip link delete nk${(await show(home)).id}`);
    await home.nook(['doctor', '--fix']);
    await works();

    await home.ok('vm', 'rm', '--force', 'web', 'db');
    await eventually(
      'nothing is left on the host',
      () => helper.run('ip -o link show; nft list tables'),
      (text) => !text.includes(' nk') && !text.includes('nook'),
    );
    expect(await helper.run(FOREIGN)).toBe(before);
  });

  it('has its VMs reach what their policy says, also after somebody took the rules away', async () => {
    await using home = await newHome();
    await home.ok('net', 'create', 'lan', '--mode', 'bridge');
    await busyboxVm(home, 'db', '--network', 'lan');
    await policyHolds(home, { vm: 'db', network: 'lan', outside: OUTSIDE });
    const fetches = fetching(home, 'db', OUTSIDE.port);
    expect(await fetches('web.example.test')).toBe(OUTSIDE.web);
    await helper.run('nft delete table inet nook');
    expect(await helper.client.reconcile()).toMatchObject({ repaired: [{ kind: 'rules' }] });
    expect([await fetches('web.example.test'), await fetches(OUTSIDE.other)]).toEqual([OUTSIDE.web, OUTSIDE.other]);
    expect((await home.nook(['vm', 'exec', 'db', '--', 'nc', '-w', '5', OUTSIDE.web, '8000'])).code).not.toBe(0);
  });

  it('is refused without a helper, with what to do', async () => {
    await using home = await Home.create({ config: '[roothelper]\nsocket = "/nonexistent/helper.sock"\n' });
    const refused = await home.nook(['net', 'create', '--json', 'lan', '--mode', 'bridge']);
    expect(JSON.parse(refused.stderr)).toMatchObject({
      error: { code: 'unavailable', hint: expect.stringContaining('sudo nook system install') },
    });
    expect(await home.json('net', 'list')).toEqual([]);
  });
});
