import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, lstat, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { helperCheck } from './doctor.ts';
import { cgroups, noHelper, OWNER, STRANGER, TestHelper } from './helper.fixture.ts';

const BRIDGE = { name: 'nkbr0', addresses: ['10.77.0.1/24'] };
const TAP = { name: 'nkt2', bridge: 'nkbr0', owner_uid: OWNER, mac: '02:00:00:00:00:02', addresses: ['10.77.0.2'] };
const FORWARD = { host_address: '0.0.0.0', host_port: 18_080, guest_address: '10.77.0.2', guest_port: 80 };
const RULES = {
  nat: [{ bridge: 'nkbr0' }],
  forwards: [{ ...FORWARD, protocol: 'tcp' as const }],
  egress: [{ tap: 'nkt2', policy: 'deny' as const }],
};

async function network({ client }: TestHelper): Promise<void> {
  await client.ensureBridge(BRIDGE);
  await client.createTap(TAP);
  await client.replaceRules(RULES);
  // By then it has noted how the kernel lists them, too.
  await client.reconcile();
}

describe('the helper', () => {
  beforeEach(({ skip }) => skip(noHelper !== undefined, noHelper));

  it('makes a network by its verbs, each of them any number of times, and takes it down', async () => {
    await using helper = await TestHelper.started();
    const { client } = helper;
    await network(helper);
    const look = async () => `${await helper.run('nft list ruleset')}${await helper.links()}`;
    const made = await look();
    expect(made).toMatch(/nkt2[\s\S]*master nkbr0/);
    await network(helper);
    expect(await look()).toBe(made);
    expect(await client.status()).toMatchObject({ bridges: ['nkbr0'], taps: ['nkt2'], forwards: 1, differences: [] });
    await client.deleteTap('nkt2');
    await client.deleteTap('nkt2');
    expect(await client.status()).toMatchObject({ taps: [], forwards: 0 });
    await client.removeBridge('nkbr0');
    expect(await helper.run('ip -o link show')).not.toMatch(/ nk/);
    expect(await helper.run('nft list ruleset')).toBe('');
  });

  it('sets one network in place of what it was, and leaves others alone', async () => {
    await using helper = await TestHelper.started();
    await network(helper);
    const look = async () => [await helper.run('nft list chain inet nook published'), await helper.links()];
    const before = await look();
    const other = (taps: object[], forwards: object[] = []) => ({
      bridges: [{ name: 'nkbr1', addresses: ['10.78.0.1/24'] }],
      ...{ taps: taps as [], forwards: forwards as [], nat: [{ bridge: 'nkbr1' }] },
    });
    const tap = (number: number) => ({
      ...{ ...TAP, name: `nkt${number}`, bridge: 'nkbr1', addresses: [`10.78.0.${number}`] },
      mac: `02:00:00:00:01:0${number}`,
    });
    await helper.client.setNetwork(other([tap(2), tap(3)].map((each) => ({ ...each, name: `nku${each.name}` }))));
    await helper.client.setNetwork(
      other([{ ...tap(4) }], [{ ...RULES.forwards[0], ...{ host_port: 18_081, guest_address: '10.78.0.4' } }]),
    );
    expect(await helper.client.status()).toMatchObject({
      ...{ bridges: ['nkbr0', 'nkbr1'], taps: ['nkt2', 'nkt4'], forwards: 2, differences: [] },
    });
    await helper.client.removeNetwork('nkbr1');
    await helper.client.removeNetwork('nkbr1');
    expect(await helper.client.status()).toMatchObject({ bridges: ['nkbr0'], taps: ['nkt2'], differences: [] });
    expect(await look()).toEqual(before);
    await expect(helper.client.setNetwork({ bridges: [BRIDGE, ...other([]).bridges] })).rejects.toMatchObject({
      code: 'bad_params',
    });
  });

  it('pins what names of a list were answered with, while the list has them', async () => {
    await using helper = await TestHelper.started();
    const pinned = { key: 'ab', protocol: 'tcp' as const, ports: { from: 443, to: 443 } };
    const egress = [{ tap: 'nkt2', policy: 'allow' as const, pinned: [pinned] }];
    const network = { bridges: [BRIDGE], taps: [TAP], traced: true, egress };
    await helper.client.setNetwork(network);
    const pin = (more: object) =>
      helper.call('egress.pin', {
        pins: [{ pinned, guest: '10.77.0.2', destination: '198.51.100.9', seconds: 60, ...more }],
      });
    await pin({});
    const reached = async () => (await helper.run('nft list ruleset')).includes('10.77.0.2 . 198.51.100.9');
    expect(await reached()).toBe(true);
    await helper.client.setNetwork({ ...network, nat: [{ bridge: 'nkbr0' }] });
    expect(await reached()).toBe(true);
    for (const other of [
      { pinned: { ...pinned, key: 'ac' } },
      { pinned: { key: 'ab' } },
      { destination: '2001:db8::9' },
    ])
      await expect(pin(other)).rejects.toMatchObject({ code: 'conflict' });
    await helper.client.setNetwork({ ...network, egress: [{ tap: 'nkt2', policy: 'deny' }] });
    expect(await reached()).toBe(false);
    await expect(pin({})).rejects.toMatchObject({ code: 'conflict' });
  });

  it('has any number of networks watched by one program, keeps nobody else out, and says when nothing is seen', async () => {
    await using helper = await TestHelper.started();
    await network(helper);
    const children = () => helper.run(`cat /proc/${helper.pid}/task/*/children`);
    const watch = async (signal?: AbortSignal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const options = { onEvent: () => resolve(), ...(signal ? { signal } : {}) };
      const ended = helper.call('egress.watch', { bridge: 'nkbr0' }, options).catch(({ code }) => code);
      await Promise.race([promise, ended]);
      return { ended };
    };
    const watchers: { ended: Promise<unknown> }[] = [];
    for (let count = 0; count < 40; count++) watchers.push(await watch());
    expect(await helper.client.status()).toMatchObject({ differences: [] });
    const nft = (await children()).trim().split(/\s+/);
    expect(nft).toHaveLength(1);
    process.kill(Number(nft[0]), 'SIGKILL');
    expect(new Set(await Promise.all(watchers.map(({ ended }) => ended)))).toEqual(new Set(['unavailable']));
    const leave = new AbortController();
    await watch(leave.signal);
    expect((await children()).trim()).not.toBe('');
    leave.abort();
    await expect.poll(async () => (await children()).trim()).toBe('');
  });

  it('sees what others changed in rules that it made without a look, once it has answered', async () => {
    await using helper = await TestHelper.started();
    await network(helper);
    await helper.run('nft flush chain inet nook published');
    expect((await helper.client.status()).differences).toMatchObject([{ kind: 'rules' }]);
    expect((await helper.client.replaceRules(RULES)).repaired).toMatchObject([{ kind: 'rules' }]);
    expect((await helper.client.status()).differences).toEqual([]);
  });

  it('keeps all or nothing: what the kernel refuses is not wanted afterwards', async () => {
    await using helper = await TestHelper.started();
    await network(helper);
    await helper.run('ip link add name nkt3 type veth peer name other');
    const state = await helper.run(`cat ${helper.state}/state.json`);
    const tap = { ...TAP, name: 'nkt3', mac: '02:00:00:00:00:03', addresses: ['10.77.0.3'] };
    await expect(helper.client.createTap(tap)).rejects.toMatchObject({ code: 'conflict' });
    expect(await helper.run(`cat ${helper.state}/state.json`)).toBe(state);
    expect(await helper.client.reconcile()).toEqual({ repaired: [] });
  });

  it('puts right what was damaged while it was dead, when it starts again', async () => {
    await using helper = await TestHelper.started();
    await network(helper);
    const made = await helper.run('nft list ruleset');
    await helper.kill();
    await helper.run('nft flush ruleset; ip link delete nkbr0; echo 0 > /proc/sys/net/ipv4/ip_forward');
    expect(await helper.start()).toBe(true);
    expect(helper.log.at(-1)).toMatchObject({
      repaired: [
        { name: 'nkbr0' },
        { name: 'nkt2' },
        { kind: 'rules' },
        { name: 'ipv4/ip_forward' },
        { name: 'ipv4/conf/nkbr0/route_localnet' },
      ],
    });
    expect(await helper.run('nft list ruleset')).toBe(made);
  });

  it.each(['state.json', 'nothing'])(
    'that is killed in the middle of a change, with %s of it done, completes or forgets it',
    async (done) => {
      await using helper = await TestHelper.started();
      await network(helper);
      await helper.kill();
      if (done === 'state.json') {
        const path = join(helper.state, 'state.json');
        const kept = JSON.parse(await helper.run(`cat ${path}`));
        kept.desired.taps.push({
          ...kept.desired.taps[0],
          name: 'nkt3',
          mac: '02:00:00:00:00:03',
          addresses: ['10.77.0.3'],
        });
        await writeFile(path, JSON.stringify(kept), { mode: 0o600 });
      } else await helper.run('ip tuntap add dev nkt3 mode tap; nft add chain inet nook half');
      await helper.start();
      expect((await helper.client.status()).differences).toEqual([]);
      expect((await helper.run('ip -o link show')).includes('nkt3')).toBe(done === 'state.json');
    },
  );

  it('is found by doctor, with what is wrong, and repaired', async () => {
    await using helper = await TestHelper.started();
    await network(helper);
    const check = helperCheck(helper.client);
    const { signal } = new AbortController();
    expect((await check.run(signal)).map(({ status }) => status)).toEqual(['ok', 'ok']);
    await helper.run('nft delete table inet nook; ip link delete nkt2');
    expect((await check.run(signal)).map(({ status, item }) => `${status} ${item}`)).toEqual([
      ...['ok root helper', 'error tap nkt2', 'error rules nook'],
    ]);
    expect((await check.fix?.(signal))?.map(({ status }) => status)).toEqual(['ok', 'ok']);
    await chmod(join(helper.dir, 'run'), 0o777);
    expect((await check.run(signal))[0]).toMatchObject({ status: 'error', evidence: expect.stringContaining('0777') });
    await helper.kill();
    expect(await check.run(signal)).toMatchObject([{ status: 'error', repair: expect.stringContaining('systemctl') }]);
  });

  it('listens where only its owner can open, and keeps files that only root reads', async () => {
    await using helper = await TestHelper.started();
    await network(helper);
    const modes = async (path: string) => {
      const { uid, mode } = await lstat(path);
      return [uid, (mode & 0o777).toString(8)];
    };
    expect(await modes(helper.socket)).toEqual([OWNER, '600']);
    expect(await modes(join(helper.dir, 'run'))).toEqual([0, '711']);
    expect(await modes(helper.state)).toEqual([0, '700']);
    for (const name of await readdir(helper.state)) expect(await modes(join(helper.state, name))).toEqual([0, '600']);
    expect(await helper.run(`tr '\\0' ' ' < /proc/${helper.pid}/cmdline`)).toContain('nook-roothelper');
  });

  it('lets low ports be published only where the record of its installation says so', async () => {
    await using helper = await TestHelper.make();
    await helper.install({ low_ports: true });
    await helper.start();
    const rules = {
      ...RULES,
      forwards: [{ ...RULES.forwards[0], protocol: 'tcp' as const, ...FORWARD, host_port: 443 }],
    };
    await helper.client.ensureBridge(BRIDGE);
    await helper.client.createTap(TAP);
    expect(await helper.client.replaceRules(rules)).toMatchObject({ repaired: expect.arrayContaining([]) });
  });

  it('says how names are routed where there is no systemd-resolved', async () => {
    await using helper = await TestHelper.started();
    await network(helper);
    await helper.run('mount -t tmpfs none /run').catch(() => {});
    await expect(helper.client.routeNames({ bridge: 'nkbr0', address: '10.77.0.1' })).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('10.77.0.1'),
    });
  });

  it.each<[string, (helper: TestHelper) => Promise<void>]>([
    [
      'its state directory is a link',
      async ({ state }) => {
        await rename(state, `${state}.real`);
        await symlink(`${state}.real`, state);
      },
    ],
    ['others may write to its state directory', ({ state }) => chmod(state, 0o777)],
    [
      'its record is a link',
      async ({ state }) => {
        await rename(join(state, 'install.json'), join(state, 'real.json'));
        await symlink('real.json', join(state, 'install.json'));
      },
    ],
    ['others may write its record', ({ state }) => chmod(join(state, 'install.json'), 0o666)],
    ['its record is not one', ({ state }) => writeFile(join(state, 'install.json'), '{"version":1}')],
    ['its state is half', ({ state }) => writeFile(join(state, 'state.json'), '{"version":1', { mode: 0o600 })],
  ])('does not run where %s', async (_, damage) => {
    await using helper = await TestHelper.make();
    await damage(helper);
    // A state that cannot be read concerns those who ask for it; whom it serves must be known before.
    if (await helper.start()) await expect(helper.client.status()).rejects.toMatchObject({ code: 'unavailable' });
    else expect(helper.log.at(-1)?.msg).toBe('helper cannot run');
    expect(await helper.run('nft list ruleset')).toBe('');
  });

  it("moves the owner's processes into cgroups of the owner's, and nobody else's", async ({ skip }) => {
    skip(cgroups === undefined, 'the host has no cgroup v2');
    await using helper = await TestHelper.started();
    await helper.makeSlice();
    const processOf = (uid: number) => spawn('setpriv', ['--reuid', String(uid), '--clear-groups', 'sleep', '60']);
    const [own, other] = [processOf(OWNER), processOf(STRANGER)];
    const name = `test-${process.pid}`;
    try {
      const uids = async ({ pid }: ChildProcess) =>
        /^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
      await expect.poll(() => uids(own)).toBe(String(OWNER));
      await expect.poll(() => uids(other)).toBe(String(STRANGER));
      const dir = await helper.client.createScope({ name, pid: own.pid as number });
      expect((await readFile(join(dir, 'cgroup.procs'), 'utf8')).trim()).toBe(String(own.pid));
      expect((await lstat(join(dir, 'cgroup.procs'))).uid).toBe(OWNER);
      const taken = helper.client.createScope({ name, pid: other.pid as number });
      await expect(taken).rejects.toMatchObject({ code: 'unauthorized' });
      await expect(helper.client.removeScope(name)).rejects.toMatchObject({ code: 'conflict' });
      own.kill('SIGKILL');
      await once(own, 'exit');
      await expect.poll(() => helper.client.removeScope(name).catch(({ code }) => code)).toBeUndefined();
      await expect(lstat(dir)).rejects.toMatchObject({ code: 'ENOENT' });
    } finally {
      for (const each of [own, other]) each.kill('SIGKILL');
    }
    await helper.call('uninstall');
    await helper.ended();
    expect(existsSync(join(helper.cgroup, 'nook.slice'))).toBe(false);
  });

  it('leaves nothing when it is uninstalled', async () => {
    await using helper = await TestHelper.make();
    await helper.run('nft add table inet filter; ip link add up0 type veth peer name up1');
    const before = await helper.run(
      'nft list ruleset; ip -o link show; sysctl net.ipv4.ip_forward 2>/dev/null || cat /proc/sys/net/ipv4/ip_forward',
    );
    await helper.start();
    await network(helper);
    await helper.call('uninstall');
    await helper.ended();
    expect(
      await helper.run(
        'nft list ruleset; ip -o link show; sysctl net.ipv4.ip_forward 2>/dev/null || cat /proc/sys/net/ipv4/ip_forward',
      ),
    ).toBe(before);
    expect(await readdir(helper.dir)).toEqual([]);
  });
});
