import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DesiredStateInput } from './index.ts';
import { Lab, OUTSIDE } from './lab.fixture.ts';
import { noNamespaces } from './namespace.fixture.ts';
import { bridge, twoGuests } from './states.fixture.ts';

const { far, far6, host: hostAddress, host6 } = OUTSIDE;
const GUEST = 2;
const PEER = 3;

describe('packets', () => {
  let lab: Lab;
  beforeAll(async () => {
    if (noNamespaces === undefined) lab = await Lab.make(twoGuests);
  });
  beforeEach(({ skip }) => skip(noNamespaces !== undefined, noNamespaces));
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const reconcile = (more: DesiredStateInput = {}) => lab.host.reconcile({ ...twoGuests, ...more });
  const fromGuest = (address: string, port = 80) => lab.ask(lab.guest(GUEST), address, port);

  it('of guests go out under the address of the host, in both families', async () => {
    await reconcile();
    expect(await fromGuest(far)).toBe(hostAddress);
    expect(await fromGuest(far6)).toBe(host6);
  });

  it('of a network without a way out stay in it', async () => {
    await reconcile({ nat: [] });
    expect(await fromGuest(far)).toBe('no');
    expect(await fromGuest(far6)).toBe('no');
    expect(await fromGuest('10.77.0.3')).toBe('10.77.0.2');
  });

  it('reach a guest from outside only where a port was published, there and on the host itself', async () => {
    const forward = { protocol: 'tcp' as const, host_port: 8080, guest_port: 80 };
    await reconcile({
      forwards: [
        { ...forward, host_address: '0.0.0.0', guest_address: '10.77.0.2' },
        { ...forward, host_address: host6, guest_address: 'fd77::2' },
      ],
    });
    await lab.host.run(`ip route replace 10.77.0.0/24 via ${hostAddress}`, lab.outside);
    expect(await lab.ask(lab.outside, '10.77.0.2', 80)).toBe('no');
    await lab.host.run('ip route delete 10.77.0.0/24', lab.outside);
    expect(await lab.ask(lab.outside, hostAddress, 8080)).toBe(far);
    expect(await lab.ask(lab.outside, host6, 8080)).toBe(far6);
    expect(await lab.ask(lab.host.pid, hostAddress, 8080)).toBe(hostAddress);
    expect(await lab.ask(lab.host.pid, '127.0.0.1', 8080)).toBe('10.77.0.1');
    expect(await lab.ask(lab.outside, hostAddress, 8081)).toBe('no');
  });

  it('to closed ranges are refused and recorded, unless the range is opened to the guest', async () => {
    await reconcile();
    expect(await fromGuest(OUTSIDE.private)).toBe('no');
    expect(await lab.host.recorded()).toEqual([
      { record: 'blocked', source: '10.77.0.2', destination: OUTSIDE.private, protocol: 'tcp', port: 80 },
    ]);
    await reconcile({ egress: [{ tap: 'nkt2', policy: 'open', opened: ['10.200.0.0/16'] }] });
    expect(await fromGuest(OUTSIDE.private)).toBe(hostAddress);
    expect(await lab.ask(lab.guest(PEER), OUTSIDE.private, 80)).toBe('no');
  });

  it('to a service that is served at another port reach it at its usual one', async () => {
    await reconcile({ bridges: [{ ...bridge, services: [{ protocol: 'tcp', port: 53, served_at: 9053 }] }] });
    await lab.serve(lab.host.pid, 9053);
    expect(await fromGuest('10.77.0.1', 53)).toBe('10.77.0.2');
    expect(await fromGuest('fd77::1', 53)).toBe('fd77::2');
    expect(await fromGuest('10.77.0.1', 54)).toBe('no');
  });

  it('to the host itself reach the services of the bridge, and neither other ports nor loopback', async () => {
    await lab.serve(lab.host.pid, 9000);
    const bridges = [{ ...bridge, services: [{ protocol: 'tcp' as const, port: 9000 }] }];
    // A port published on loopback makes the kernel take packets for it from the bridge.
    const forwards = [
      {
        protocol: 'tcp' as const,
        host_address: '127.0.0.1',
        host_port: 8080,
        guest_address: '10.77.0.3',
        guest_port: 80,
      },
    ];
    await reconcile({ bridges, forwards });
    expect(await fromGuest('10.77.0.1', 9000)).toBe('10.77.0.2');
    expect(await fromGuest('fd77::1', 9000)).toBe('fd77::2');
    await reconcile({ forwards });
    expect(await fromGuest('10.77.0.1', 9000)).toBe('no');
    expect(await fromGuest('fd77::1', 9000)).toBe('no');
    await lab.host.run(
      `ip address delete 127.0.0.1/8 dev lo; echo 1 > /proc/sys/net/ipv4/conf/g0/route_localnet
      ip route add 127.0.0.1 via 10.77.0.1`,
      lab.guest(GUEST),
    );
    expect(await fromGuest('127.0.0.1', 9000)).toBe('no');
    expect((await lab.host.recorded()).map(({ destination }) => destination)).toContain('127.0.0.1');
  });

  it.each([
    ['of a guest that may not go out', { policy: 'deny' as const }, ['no', 'no', 'no', 'no']],
    [
      'of a guest with a list',
      {
        policy: 'allow' as const,
        elements: [{ cidr: `${far}/32`, protocol: 'tcp' as const, ports: { from: 80, to: 80 } }],
      },
      ['yes', 'no', 'no', 'no'],
    ],
    [
      'of a guest with overlapping ranges',
      {
        policy: 'allow' as const,
        elements: [{ cidr: '198.51.0.0/16' }, { cidr: far }, { cidr: '2001:db8:1::/48', protocol: 'tcp' as const }],
      },
      ['yes', 'yes', 'yes', 'no'],
    ],
    [
      'of a guest whose network is allowed',
      { policy: 'allow' as const, elements: [{ cidr: '10.77.0.0/24' }] },
      ['no', 'no', 'no', 'yes'],
    ],
    ['of a guest that is watched', { policy: 'deny' as const, audit: true }, ['yes', 'yes', 'yes', 'yes']],
  ])('%s reach what its policy says', async (_, egress, expected) => {
    await reconcile({ egress: [{ tap: 'nkt2', ...egress }] });
    const answers = [
      await fromGuest(far),
      await fromGuest(far, 81),
      await fromGuest(far6),
      await fromGuest('10.77.0.3'),
    ];
    expect(answers.map((answer) => (answer === 'no' ? 'no' : 'yes'))).toEqual(expected);
    const record = 'audit' in egress ? 'seen' : 'blocked';
    const recorded = (await lab.host.recorded()).filter((each) => each.record === record && each.protocol === 'tcp');
    const asked = [`${far} 80`, `${far} 81`, `${far6} 80`].filter(
      (_, at) => record === 'seen' || expected[at] === 'no',
    );
    expect(recorded.map(({ destination, port }) => `${destination} ${port}`)).toEqual(expect.arrayContaining(asked));
    expect(recorded.filter(({ destination }) => destination !== '10.77.0.3')).toHaveLength(asked.length);
    // Others are not concerned.
    expect(await lab.ask(lab.guest(PEER), far, 80)).toBe(hostAddress);
  });

  describe('to what a name was answered with', () => {
    const web = { key: 'a', protocol: 'tcp' as const, ports: { from: 80, to: 80 } };
    const named = (...pinned: object[]) => reconcile({ egress: [{ tap: 'nkt2', policy: 'allow', pinned }] as never });
    const pins = (seconds: number) => [
      { pinned: web, guest: '10.77.0.2', destination: far, seconds },
      { pinned: web, guest: 'fd77::2', destination: far6, seconds },
    ];

    it('pass at its port, in both families, for as long as that is pinned', async () => {
      await named(web);
      expect(await fromGuest(far)).toBe('no');
      await lab.host.pin(pins(60));
      expect(await fromGuest(far)).toBe(hostAddress);
      expect(await fromGuest(far6)).toBe(host6);
      expect(await fromGuest(far, 81)).toBe('no');
      expect(await fromGuest(OUTSIDE.private)).toBe('no');
      // Neither closed ranges nor others' guests are opened by it.
      await lab.host.pin([{ pinned: web, guest: '10.77.0.2', destination: OUTSIDE.private, seconds: 60 }]);
      expect(await fromGuest(OUTSIDE.private)).toBe('no');
      await lab.host.pin(pins(1));
      await expect.poll(() => fromGuest(far), { timeout: 10_000 }).toBe('no');
    });

    it('pass after other rules were changed, and not after the list was', async () => {
      await named(web);
      await lab.host.pin(pins(600));
      await named(web, { ...web, key: 'b' });
      expect(await fromGuest(far)).toBe(hostAddress);
      expect(
        (
          await lab.host.reconcile({
            ...twoGuests,
            egress: [{ tap: 'nkt2', policy: 'allow', pinned: [web, { ...web, key: 'b' }] }],
          })
        ).repaired,
      ).toEqual([]);
      await named({ ...web, key: 'b' });
      expect(await fromGuest(far)).toBe('no');
      await named(web);
      expect(await fromGuest(far)).toBe('no');
      await expect(lab.host.pin([{ ...pins(60)[0], pinned: { ...web, key: 'c' } } as never])).rejects.toMatchObject({
        code: 'operation_failed',
      });
    });

    it('go on after that, where the connection is open', async () => {
      const echo = { key: 'a', protocol: 'tcp' as const };
      await lab.serve(lab.outside, 9, 'socat TCP-LISTEN:9,fork,reuseaddr PIPE');
      await named(echo);
      await lab.host.pin([{ pinned: echo, guest: '10.77.0.2', destination: far, seconds: 1 }]);
      const talk = lab.host.run(
        `(sleep 4; echo still here; sleep 0.5) | socat -t 1 - TCP4:${far}:9,connect-timeout=2 2>&1 || echo cut`,
        lab.guest(GUEST),
      );
      expect(await talk).toBe('still here\n');
      expect(await fromGuest(far, 9)).toBe('no');
    });
  });

  it('that are refused are told of, some at a time, and counted', async () => {
    const state = { traced: true, egress: [{ tap: 'nkt2', policy: 'deny' as const }] };
    await reconcile(state);
    await lab.host.watch();
    await expect
      .poll(
        async () => {
          await fromGuest(far);
          await fromGuest(far6, 81);
          return lab.host.told();
        },
        { timeout: 10_000 },
      )
      .toEqual(
        expect.arrayContaining([
          { record: 'blocked', source: '10.77.0.2', destination: far, protocol: 'tcp', port: 80 },
          { record: 'blocked', source: 'fd77::2', destination: far6, protocol: 'tcp', port: 81 },
        ]),
      );
    await lab.host.run('ip neigh flush all', lab.guest(GUEST));
    await fromGuest('10.77.0.3');
    const asked = { record: 'blocked', source: '10.77.0.2', destination: '10.77.0.3', protocol: 'tcp', port: 80 };
    await expect.poll(() => lab.host.told()).toContainEqual(asked);
    await lab.host.untold();
    await lab.host.run(`head -c 4000 /dev/zero | socat -u -b 4 - UDP4-DATAGRAM:${far}:53`, lab.guest(GUEST));
    const counted = await lab.host.untold();
    expect(counted).toBeGreaterThan(0);
    const datagrams = async () =>
      (await lab.host.told()).filter((each) => 'protocol' in each && each.protocol === 'udp');
    // A kernel that is listened to too slowly drops some of what it tells.
    await expect.poll(async () => counted + (await datagrams()).length).toBeGreaterThan(900);
    expect((await datagrams()).length).toBeGreaterThan(0);
    // The counters that packets raise are no change of the rules.
    expect((await lab.host.reconcile({ ...twoGuests, ...state })).repaired).toEqual([]);
    await reconcile({ traced: true, egress: [{ tap: 'nkt2', policy: 'deny', audit: true }] });
    expect(await fromGuest(far, 81)).toBe(hostAddress);
    await expect
      .poll(() => lab.host.told())
      .toContainEqual({ record: 'seen', source: '10.77.0.2', destination: far, protocol: 'tcp', port: 81 });
  });

  it('of a connection that began before end with a stricter policy', async () => {
    await reconcile();
    await lab.serve(lab.outside, 7, 'socat TCP-LISTEN:7,fork,reuseaddr PIPE');
    const waiting = lab.host.run(
      `(sleep 0.2; for n in 1 2 3 4 5 6 7 8 9 10; do echo; sleep 0.3; done) | socat -t 1 - TCP4:${far}:7,connect-timeout=2 2>&1 || echo cut`,
      lab.guest(GUEST),
    );
    await lab.host.run(
      "until ss -Htn state established 'dport = :7' | grep -q .; do sleep 0.05; done",
      lab.guest(GUEST),
    );
    await reconcile({ egress: [{ tap: 'nkt2', policy: 'deny' }] });
    expect(await waiting).toContain('cut');
  });

  it.each([0, 1])(
    'between guests pass, also where the host filters its bridges (%i), and never by way of the host',
    async (filters) => {
      await reconcile({ egress: [{ tap: 'nkt3', policy: 'deny' }] });
      await lab.host.run(`echo ${filters} > /proc/sys/net/bridge/bridge-nf-call-iptables || true`);
      expect(await lab.ask(lab.guest(GUEST), '10.77.0.3', 80)).toBe('no');
      await reconcile();
      expect(await lab.ask(lab.guest(GUEST), '10.77.0.3', 80)).toBe('10.77.0.2');
      await lab.host.run('ip route add 10.77.0.2/32 via 10.77.0.1', lab.guest(PEER));
      expect(await lab.ask(lab.guest(PEER), '10.77.0.2', 80)).toBe('no');
      await lab.host.run('ip route delete 10.77.0.2/32 via 10.77.0.1', lab.guest(PEER));
    },
  );

  it('between guests of an isolated network do not pass', async () => {
    await reconcile({ bridges: [{ ...bridge, isolated: true }] });
    await lab.host.run('ip neigh flush all', lab.guest(GUEST));
    expect(await fromGuest('10.77.0.3')).toBe('no');
    expect(await fromGuest(far)).toBe(hostAddress);
  });

  it('with the address of another are dropped', async () => {
    await reconcile();
    await lab.host.run(
      'ip address add 10.77.0.9/24 dev g0; ip route replace default via 10.77.0.1 src 10.77.0.9',
      lab.guest(GUEST),
    );
    expect(await fromGuest(far)).toBe('no');
    await lab.host.run(
      'ip address delete 10.77.0.9/24 dev g0; ip route replace default via 10.77.0.1',
      lab.guest(GUEST),
    );
    expect(await fromGuest(far)).toBe(hostAddress);
    await lab.host.run('ip link set g0 address 02:00:00:00:00:77', lab.guest(GUEST));
    expect(await fromGuest(far)).toBe('no');
  });
});
