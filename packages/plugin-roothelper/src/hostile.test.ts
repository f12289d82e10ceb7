import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { RpcClient } from '@nook/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noHelper, OWNER, STRANGER, TestHelper } from './helper.fixture.ts';
import { VERBS, type Verb } from './verbs.ts';

const BRIDGE = { name: 'nkbr0', addresses: ['10.77.0.1/24'] };
const TAP = { name: 'nkt2', bridge: 'nkbr0', owner_uid: OWNER, mac: '02:00:00:00:00:02', addresses: ['10.77.0.2'] };
const FORWARD = {
  protocol: 'tcp',
  host_address: '127.0.0.1',
  host_port: 18_080,
  guest_address: '10.77.0.2',
  guest_port: 80,
};

describe('a hostile daemon', () => {
  let helper: TestHelper;
  let before: string[];
  const look = async () => [
    await helper.links(),
    await helper.run('ip -o -4 address show; nft -s list ruleset; cat /proc/sys/net/ipv4/ip_forward'),
  ];

  beforeAll(async () => {
    if (noHelper !== undefined) return;
    helper = await TestHelper.started();
    await helper.run(`ip link add up0 type veth peer name up1; ip link set up1 up; ip address add 192.168.5.2/24 dev up0; ip link set up0 up
      ip route add 172.20.0.0/16 dev up0; nft add table inet filter`);
    await helper.client.ensureBridge(BRIDGE);
    await helper.client.createTap(TAP);
    // By then the helper has noted how the kernel lists its rules.
    await helper.client.reconcile();
    before = await look();
  });
  beforeEach(({ skip }) => skip(noHelper !== undefined, noHelper));
  afterAll(() => helper?.[Symbol.asyncDispose]());

  const bridge = (more: object) => ({ ...BRIDGE, name: 'nkbr1', addresses: ['10.78.0.1/24'], ...more });
  const tap = (more: object) => ({ ...TAP, name: 'nkt3', mac: '02:00:00:00:00:03', addresses: ['10.77.0.3'], ...more });
  const rules = (forward: object) => ({ forwards: [{ ...FORWARD, ...forward }] });

  const pin = (more: object) => ({
    pins: [{ pinned: { key: 'ab' }, guest: '10.77.0.2', destination: '198.51.100.2', seconds: 60, ...more }],
  });
  const refused: readonly [Verb, string, object, string][] = [
    ['bridge.ensure', 'a name of others', bridge({ name: 'docker0' }), 'bad_params'],
    ['bridge.ensure', 'a name of 16 bytes', bridge({ name: 'nk34567890123456' }), 'bad_params'],
    ['bridge.ensure', 'a path as a name', bridge({ name: '../nkbr1' }), 'bad_params'],
    ['bridge.ensure', 'two lines', bridge({ name: 'nkbr1\nlink delete up0' }), 'bad_params'],
    ['bridge.ensure', 'an option as a name', bridge({ name: '-x' }), 'bad_params'],
    ['bridge.ensure', 'a zero byte', bridge({ name: 'nkbr1\0' }), 'bad_params'],
    ['bridge.ensure', 'an address that is words', bridge({ addresses: ['10.78.0.1/24 dev up0'] }), 'bad_params'],
    ['bridge.ensure', "the host's own network", bridge({ addresses: ['192.168.5.77/24'] }), 'conflict'],
    ['bridge.ensure', "a network around the host's", bridge({ addresses: ['192.168.0.1/16'] }), 'conflict'],
    ['bridge.ensure', 'a network that the host has a route to', bridge({ addresses: ['172.20.7.1/24'] }), 'conflict'],
    ['bridge.ensure', 'a network of the world', bridge({ addresses: ['8.8.8.1/24'] }), 'conflict'],
    ['bridge.ensure', 'all private addresses', bridge({ addresses: ['172.16.0.1/12'] }), 'conflict'],
    ['bridge.ensure', 'a field more', bridge({ script: '/tmp/x' }), 'bad_params'],
    ['network.set', "the host's own network", { bridges: [bridge({ addresses: ['192.168.5.77/24'] })] }, 'conflict'],
    ['network.set', "another network's address", { bridges: [bridge({ addresses: ['10.77.0.9/24'] })] }, 'bad_params'],
    ['network.set', 'no bridge', { taps: [] }, 'bad_params'],
    [
      'network.set',
      "a tap of another's",
      { bridges: [bridge({})], taps: [tap({ bridge: 'nkbr1', owner_uid: 0 })] },
      'bad_params',
    ],
    ['network.set', "another network's tap", { bridges: [bridge({})], taps: [tap({ name: 'nkt2' })] }, 'bad_params'],
    ['network.remove', 'a link of others', { name: 'up0' }, 'bad_params'],
    ['bridge.remove', 'a link of others', { name: 'up0' }, 'bad_params'],
    ['bridge.remove', 'a bridge that is in use', { name: 'nkbr0' }, 'conflict'],
    ['tap.create', 'another owner', tap({ owner_uid: STRANGER }), 'conflict'],
    ['tap.create', 'root as the owner', tap({ owner_uid: 0 }), 'conflict'],
    ['tap.create', 'a bridge of others', tap({ bridge: 'docker0' }), 'bad_params'],
    ['tap.create', 'no bridge of ours', tap({ bridge: 'nkbr9' }), 'bad_params'],
    ['tap.create', "another guest's address", tap({ addresses: ['10.77.0.2'] }), 'bad_params'],
    ['tap.create', "the bridge's address", tap({ addresses: ['10.77.0.1'] }), 'bad_params'],
    ['tap.create', 'the name of another tap', tap({ name: 'nkt2' }), 'already_exists'],
    ['tap.delete', 'a path as a name', { name: 'nk/../up0' }, 'bad_params'],
    ['rules.replace', 'a low port', rules({ host_port: 443 }), 'conflict'],
    ['rules.replace', 'an address of the world', rules({ host_address: '1.1.1.1' }), 'conflict'],
    ['rules.replace', 'a guest that is none', rules({ guest_address: '192.168.5.2' }), 'bad_params'],
    ['rules.replace', 'the log of others', { log_group: 1 }, 'conflict'],
    ['rules.replace', 'a table', { table: 'filter' }, 'bad_params'],
    ['egress.pin', 'a guest of nobody', pin({ guest: '10.77.0.9' }), 'conflict'],
    ['egress.pin', 'a guest without a list', pin({}), 'conflict'],
    ['egress.pin', 'a time without an end', pin({ seconds: 1e9 }), 'bad_params'],
    ['egress.pin', 'a set of others', pin({ pinned: { key: 'ab', set: 'closed4' } }), 'bad_params'],
    ['egress.pin', 'words as a key', pin({ pinned: { key: 'ab-4; flush ruleset' } }), 'bad_params'],
    ['egress.recorded', 'a link of others', { bridge: 'up0' }, 'bad_params'],
    ['egress.watch', 'a link of others', { bridge: 'up0' }, 'bad_params'],
    ['egress.watch', 'no bridge of ours', { bridge: 'nkbr9' }, 'not_found'],
    ['names.route', 'a server of others', { bridge: 'nkbr0', address: '8.8.8.8' }, 'conflict'],
    ['names.route', 'a link of others', { bridge: 'up0', address: '192.168.5.2' }, 'bad_params'],
    ['names.unroute', 'an option', { bridge: '--all' }, 'bad_params'],
    ['scope.create', 'a path as a name', { name: '../x', pid: 4 }, 'bad_params'],
    ['scope.create', "root's process", { name: 'vm', pid: process.pid }, 'unauthorized'],
    ['scope.create', 'no process', { name: 'vm', pid: 4_194_304 }, 'not_found'],
    ['scope.remove', 'a path as a name', { name: 'a/../b' }, 'bad_params'],
    ['reconcile', 'a state with a link of others', { state: { bridges: [bridge({ name: 'up0' })] } }, 'bad_params'],
    [
      'reconcile',
      "a state with another's tap",
      { state: { bridges: [BRIDGE], taps: [{ ...TAP, owner_uid: 0 }] } },
      'conflict',
    ],
    ['reconcile', 'another version', { state: { version: 2 } }, 'bad_params'],
    ['status', 'a field', { shell: true }, 'bad_params'],
    ['uninstall', 'a field', { purge: '/' }, 'bad_params'],
  ];
  it.each([...new Set(refused.map(([verb]) => verb))])(
    'is refused %s with what it must not have, and nothing changes',
    async (verb) => {
      for (const [of, what, params, code] of refused) {
        if (of !== verb) continue;
        const answer = await helper.call(verb, params).then(
          () => 'done',
          (error) => error.code,
        );
        expect([what, answer]).toEqual([what, code]);
      }
      expect(await look()).toEqual(before);
    },
  );

  it('is refused a port that a program of the host listens on', async () => {
    const busy = helper.run('timeout 5 socat TCP4-LISTEN:18099,bind=127.0.0.1 SYSTEM:true || true');
    await helper.run("until ss -Hltn 'sport = :18099' | grep -q .; do sleep 0.05; done");
    for (const host_address of ['127.0.0.1', '0.0.0.0']) {
      await expect(helper.call('rules.replace', rules({ host_port: 18_099, host_address }))).rejects.toMatchObject({
        code: 'conflict',
      });
    }
    await helper.run('socat - TCP4:127.0.0.1:18099 </dev/null');
    await busy;
    expect(await look()).toEqual(before);
  });

  it('that sends anything at all to any verb gets a typed answer, and changes nothing of others', async () => {
    const words = fc.constantFrom(
      'nkbr0',
      'nkt2',
      'up0',
      '10.77.0.2',
      '127.0.0.1',
      'tcp',
      'deny',
      '/proc/self',
      'x\ny',
    );
    const keys = fc.constantFrom(
      'name',
      'bridge',
      'addresses',
      'owner_uid',
      'state',
      'forwards',
      'egress',
      'pid',
      '__proto__',
      'check',
    );
    const value = fc.oneof(words, fc.integer(), fc.jsonValue({ maxDepth: 2 }), fc.array(words, { maxLength: 3 }));
    const others = 'ip -o -4 address show up0; ip route show dev up0; nft list table inet filter';
    const untouched = await helper.run(others);
    const codes = new Set<string>();
    // The one leaves nothing to test, the other does not answer while somebody watches.
    const verbs = (Object.keys(VERBS) as Verb[]).filter((verb) => verb !== 'uninstall' && verb !== 'egress.watch');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...verbs), fc.dictionary(keys, value, { maxKeys: 4 }), async (verb, params) => {
        await helper.call(verb, params).then(
          () => codes.add('ok'),
          (error) => codes.add(error.code),
        );
      }),
      { numRuns: 150, interruptAfterTimeLimit: 20_000 },
    );
    expect([...codes]).toContain('bad_params');
    expect([...codes]).not.toContain('internal');
    expect(await helper.run(others)).toBe(untouched);
    await helper.client.reconcile({ bridges: [BRIDGE], taps: [TAP] });
    expect(await look()).toEqual(before);
  });

  it('is served one request for each connection, with one line in the log', async () => {
    const client = await RpcClient.connect(helper.socket);
    const opId = 'op-only-one';
    const [first, second] = await Promise.allSettled([
      client.call('status', { check: false }, { opId }),
      client.call('status', { check: false }, { opId }),
    ]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { owner_uid: OWNER } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'bad_request' } });
    await client.closed;
    const lines = helper.log.filter((line) => line.op_id === opId);
    expect(lines).toHaveLength(2);
    const [completed, failed] = lines.sort((one, other) => one.msg.localeCompare(other.msg));
    const peer = { uid: 0, pid: process.pid };
    expect(completed).toMatchObject({
      msg: 'helper rpc completed',
      method: 'status',
      duration_ms: expect.any(Number),
      peer,
    });
    expect(failed).toMatchObject({ msg: 'helper rpc failed', method: 'status', code: 'bad_request', peer });
  });

  it('that is another user is not served, even where it can open the socket', async () => {
    const line = '{"version":1,"method":"status"}';
    expect(await helper.sendAs(STRANGER, line)).toContain('Permission denied');
    expect(JSON.parse(await helper.sendAs(OWNER, line))).toMatchObject({ ok: true });
    await helper.run(`chmod 0666 ${helper.socket}`);
    expect(JSON.parse(await helper.sendAs(STRANGER, line))).toMatchObject({
      ok: false,
      error: { code: 'unauthorized' },
    });
    await helper.run(`chmod 0600 ${helper.socket}`);
    const uninstall = '{"version":1,"method":"uninstall"}';
    expect(JSON.parse(await helper.sendAs(OWNER, uninstall))).toMatchObject({ error: { code: 'unauthorized' } });
  });

  it('that floods, is slow or sends garbage keeps nobody else out for long', async () => {
    const sockets: Socket[] = [];
    for (let at = 0; at < 200; at++) {
      const socket = connect(helper.socket);
      socket.on('error', () => {});
      sockets.push(socket);
      await once(socket, 'connect');
      socket.write(at % 3 === 0 ? Buffer.from([0xff, 0xfe, 0x0a]) : at % 3 === 1 ? '{"version":1,"meth' : '[[[[[[[[');
    }
    // Connections beyond what is taken at once were closed; those that send no request are after their time.
    await expect
      .poll(() => helper.call('status', { check: false }).catch(() => undefined))
      .toMatchObject({ owner_uid: OWNER });
    await Promise.all(sockets.map((socket) => socket.closed || once(socket.resume(), 'close')));
    expect(helper.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });
});
