import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DesiredStateInput, isOwnName, readDesiredState, rulesetOf, sysctlsOf } from './index.ts';
import { linkChanges } from './link-changes.ts';
import { guest, twoGuests } from './states.fixture.ts';

const refused = expect.objectContaining({ code: 'bad_params' });
const forward = {
  ...{ protocol: 'tcp' as const, host_address: '127.0.0.1', host_port: 8080 },
  ...{ guest_address: '10.77.0.2', guest_port: 80 },
};

describe('a state', () => {
  it.each<[string, object]>([
    ['a name of somebody else', { bridges: [{ name: 'docker0', addresses: [] }] }],
    ['a name of 16 bytes', { bridges: [{ name: 'nk34567890123456', addresses: [] }] }],
    ['a name that is a path', { bridges: [{ name: 'nk/../x', addresses: [] }] }],
    ['a name of two lines', { bridges: [{ name: 'nkbr0\nlink', addresses: [] }] }],
    ['a name with a space', { taps: [{ ...guest(2), name: 'nkt2 up' }] }],
    ['a name like an option', { bridges: [{ name: '-x', addresses: [] }] }],
    ['a name twice', { taps: [guest(2), { ...guest(3), name: 'nkt2' }] }],
    ['a tap on no bridge', { taps: [{ ...guest(2), bridge: 'nkbr9' }] }],
    ['a MAC twice', { taps: [guest(2), { ...guest(3), mac: guest(2).mac }] }],
    ['a multicast MAC', { taps: [{ ...guest(2), mac: '01:00:5e:00:00:01' }] }],
    ['an address twice', { taps: [guest(2), { ...guest(3), addresses: ['10.77.0.2'] }] }],
    ['an address of another network', { taps: [{ ...guest(2), addresses: ['10.78.0.2'] }] }],
    ['the address of the bridge', { taps: [{ ...guest(2), addresses: ['10.77.0.1'] }] }],
    ['an IPv4 address in an IPv6 one', { taps: [{ ...guest(2), addresses: ['::ffff:10.77.0.2'] }] }],
    ['an address with a zone', { bridges: [{ name: 'nkbr0', addresses: ['fe80::1%lo/64'] }] }],
    ['an address with octal digits', { bridges: [{ name: 'nkbr0', addresses: ['010.77.0.1/24'] }] }],
    ['a range without an end', { bridges: [{ name: 'nkbr0', addresses: ['10.77.0.1/'] }] }],
    ['networks that overlap', { bridges: [...twoGuests.bridges, { name: 'nkbr1', addresses: ['10.77.0.129/25'] }] }],
    ['a port to nobody', { forwards: [{ ...forward, guest_address: '10.77.0.9' }] }],
    ['a port twice', { forwards: [forward, { ...forward, guest_port: 81 }] }],
    ['a port that is none', { forwards: [{ ...forward, host_port: 65_536 }] }],
    ['a port of the other family', { forwards: [{ ...forward, host_address: '::' }] }],
    ['egress of no tap', { egress: [{ tap: 'nkt9', policy: 'deny' }] }],
    [
      'ports of a protocol that has none',
      {
        egress: [
          {
            tap: 'nkt2',
            policy: 'allow',
            elements: [{ cidr: '1.1.1.1', protocol: 'icmp', ports: { from: 1, to: 2 } }],
          },
        ],
      },
    ],
    [
      'ports that end before they begin',
      {
        egress: [
          { tap: 'nkt2', policy: 'allow', elements: [{ cidr: '1.1.1.1', protocol: 'tcp', ports: { from: 2, to: 1 } }] },
        ],
      },
    ],
    ['a field that it does not have', { shell: 'rm' }],
    ['a user that cannot be', { taps: [{ ...guest(2), owner_uid: 4_294_967_295 }] }],
  ])('is refused with %s', (_, more) => {
    expect(() => readDesiredState({ ...twoGuests, ...more })).toThrow(refused);
  });

  it('changes links of ours only, whatever its strings hold', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom('nkx', 'nkbr0', '10.77.0.1/24', 'nk\n', 'nk x'),
    );
    const name = fc.oneof(text, fc.constantFrom('nkbr1', 'nkt5'));
    fc.assert(
      fc.property(name, fc.array(text, { maxLength: 2 }), text, (bridge, addresses, mac) => {
        let state: ReturnType<typeof readDesiredState>;
        try {
          state = readDesiredState({
            bridges: [{ name: bridge, addresses }],
            taps: [{ ...guest(2), bridge, addresses: [], mac: mac || '02:00:00:00:00:01' }],
          });
        } catch (error) {
          expect(error).toEqual(refused);
          return;
        }
        for (const change of linkChanges(state, [])) {
          expect(isOwnName(change.name)).toBe(true);
          if (change.kind === 'set')
            expect(change.mac ?? '02:00:00:00:00:01').toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
        }
      }),
    );
  });

  it('asks the kernel for nothing that its guests do not need', () => {
    const of = (state: DesiredStateInput) => Object.keys(sysctlsOf(readDesiredState(state)));
    expect(of({})).toEqual([]);
    expect(of({ ...twoGuests, nat: [] })).toEqual([]);
    const bridges = [{ name: 'nkbr0', addresses: ['10.77.0.1/24'] }];
    const taps = [{ ...guest(2), addresses: ['10.77.0.2'] }];
    expect(of({ bridges, taps, nat: [{ bridge: 'nkbr0' }] })).toEqual(['ipv4/ip_forward']);
    expect(of({ bridges, taps, forwards: [forward] })).toEqual(['ipv4/ip_forward', 'ipv4/conf/nkbr0/route_localnet']);
    expect(of(twoGuests)).toEqual(['ipv4/ip_forward', 'ipv6/conf/all/forwarding']);
  });

  it('gives rules for our tables only', () => {
    const commands = rulesetOf(readDesiredState({ ...twoGuests, forwards: [forward] })) as {
      add: Record<string, { table: string }>;
    }[];
    for (const { add } of commands) expect(Object.values(add).map(({ table }) => table)).toEqual(['nook']);
  });
});
