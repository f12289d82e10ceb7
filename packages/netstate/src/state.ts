import { NookError } from '@nook/daemonapi';
import { z } from 'zod';
import { canonicalAddress, canonicalRange, cidr, familyOf, overlap, parseCidr, within } from './addresses.ts';
import { OWN_NAME } from './names.ts';

/** More than one host runs, and little enough that a hostile state is refused before it costs anything. */
const MOST = {
  bridges: 256,
  taps: 4096,
  forwards: 16_384,
  elements: 1024,
  pinned: 256,
  ranges: 256,
  services: 32,
  addresses: 8,
};

const linkName = z.string().regex(OWN_NAME, "must begin with 'nk', then small letters, digits or dashes; 15 at most");

const address = z
  .string()
  .max(45)
  .transform((text, context) => {
    const canonical = canonicalAddress(text);
    if (canonical !== undefined) return canonical;
    context.addIssue({ code: 'custom', message: 'must be an IPv4 or IPv6 address' });
    return z.NEVER;
  });

/** An address within a network; the bits behind the prefix are kept. */
const interfaceAddress = z
  .string()
  .max(49)
  .transform((text, context) => {
    const range = parseCidr(text);
    const [own = '', digits] = text.split('/');
    const canonical = canonicalAddress(own);
    if (range !== undefined && digits !== undefined && canonical !== undefined && range.length >= 8) {
      return `${canonical}/${range.length}`;
    }
    context.addIssue({ code: 'custom', message: 'must be ADDRESS/LENGTH, with a prefix of 8 bits at least' });
    return z.NEVER;
  });

const range = z
  .string()
  .max(49)
  .transform((text, context) => {
    const canonical = canonicalRange(text);
    if (canonical !== undefined) return canonical;
    context.addIssue({ code: 'custom', message: 'must be a range of addresses: ADDRESS or ADDRESS/LENGTH' });
    return z.NEVER;
  });

const port = z.int().min(1).max(65_535);

/** A locally chosen or assigned unicast address, in small letters. */
const mac = z.string().regex(/^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/, 'must be a unicast MAC in small letters');

export const bridgeSchema = z.strictObject({
  name: linkName,
  /** The host's own addresses on it, with the prefix of the network: guests' gateways. */
  addresses: z.array(interfaceAddress).max(MOST.addresses),
  mtu: z.int().min(1280).max(65_535).default(1500),
  /** Its guests do not reach one another. */
  isolated: z.boolean().default(false),
  /** Ports of the bridge's own addresses that guests may use (a name server, say); all others are closed. */
  services: z
    .array(
      z.strictObject({
        protocol: z.enum(['tcp', 'udp']),
        port,
        /** Where it is served; absent: at the port itself, where an ordinary user may not be able to listen. */
        served_at: port.optional(),
      }),
    )
    .max(MOST.services)
    .default([]),
});

export const tapSchema = z.strictObject({
  name: linkName,
  bridge: linkName,
  /** Who may attach to it. */
  owner_uid: z.int().min(0).max(4_294_967_294),
  vnet_hdr: z.boolean().default(true),
  /** The guest's MAC: frames that say otherwise are dropped. */
  mac,
  /** The guest's addresses: packets that come from others are dropped. */
  addresses: z.array(address).max(MOST.addresses),
});

const forward = z
  .strictObject({
    protocol: z.enum(['tcp', 'udp']),
    /** `0.0.0.0` and `::`: every address of the host. */
    host_address: address,
    host_port: port,
    guest_address: address,
    guest_port: port,
  })
  .refine((each) => familyOf(each.host_address) === familyOf(each.guest_address), 'must be of one address family')
  .refine((each) => each.host_address !== '::1', "the kernel does not forward from '::1': use 127.0.0.1");

const protocol = z.enum(['any', 'tcp', 'udp', 'icmp']).default('any');

/** Both included; absent: all. */
const ports = z
  .strictObject({ from: port, to: port })
  .refine(({ from, to }) => from <= to, 'must not end before it begins')
  .optional();

const portsNeedProtocol = [
  (each: { readonly protocol: string; readonly ports?: object | undefined }) =>
    each.ports === undefined || each.protocol === 'tcp' || each.protocol === 'udp',
  'ports need the protocol tcp or udp',
] as const;

const element = z.strictObject({ cidr: range, protocol, ports }).refine(...portsNeedProtocol);

/** Destinations that only become known as time goes by: addresses of names. {@link pin} adds them, each for a while. */
const pinned = z
  .strictObject({
    /** Tells apart what is pinned for different reasons. */
    key: z.string().regex(/^[0-9a-f]{1,16}$/, 'must be 16 hexadecimal digits at most'),
    protocol,
    ports,
  })
  .refine(...portsNeedProtocol);

/** A destination that a guest reaches for a while. */
export const pinSchema = z.strictObject({
  /** As it stands in the guest's egress. */
  pinned,
  /** The guest's own address, of the family of the destination. */
  guest: address,
  destination: address,
  seconds: z.int().min(1).max(86_400),
});

const egress = z.strictObject({
  tap: linkName,
  policy: z.enum(['open', 'deny', 'allow']),
  /** New connections are recorded and, in place of being refused by the policy, let through. Closed ranges stay closed. */
  audit: z.boolean().default(false),
  /** What `allow` lets through. */
  elements: z.array(element).max(MOST.elements).default([]),
  /** And what it lets through besides. */
  pinned: z.array(pinned).max(MOST.pinned).default([]),
  /** Closed ranges that are open to this guest, as far as its policy allows. */
  opened: z.array(range).max(MOST.ranges).default([]),
});

const rules = {
  /** Bridges whose guests reach the outside, by the address of whichever uplink leads there. */
  nat: z
    .array(z.strictObject({ bridge: linkName }))
    .max(MOST.bridges)
    .default([]),
  forwards: z.array(forward).max(MOST.forwards).default([]),
  /** A tap without an entry is open. */
  egress: z.array(egress).max(MOST.taps).default([]),
  /** Refused and audited packets are also sent to this netlink group (nfnetlink_log). */
  log_group: z.int().min(1).max(65_535).optional(),
  /** Refused and audited packets, some at a time, are shown to who {@link watchPackets}. */
  traced: z.boolean().default(false),
};

/** All of a state but its links. */
export const rulesSchema = z.strictObject(rules);

const shape = z.strictObject({
  version: z.literal(1).default(1),
  bridges: z.array(bridgeSchema).max(MOST.bridges).default([]),
  taps: z.array(tapSchema).max(MOST.taps).default([]),
  ...rules,
});

/** What one network namespace is to have of ours. */
export type DesiredState = z.output<typeof shape>;
export type DesiredStateInput = z.input<typeof shape>;

export const desiredState = shape.superRefine((state, context) => {
  for (const message of contradictions(state)) context.addIssue({ code: 'custom', message });
});

/** @throws NookError `bad_params`, with all that is wrong with it */
export function readDesiredState(value: unknown): DesiredState {
  const read = desiredState.safeParse(value);
  if (read.success) return read.data;
  throw new NookError('bad_params', `This state of a network cannot be made: ${z.prettifyError(read.error)}`);
}

function* contradictions(state: DesiredState): Generator<string> {
  const bridges = new Map(state.bridges.map((each) => [each.name, each]));
  const taps = new Map(state.taps.map((each) => [each.name, each]));
  yield* repeated(
    'link',
    [...state.bridges, ...state.taps].map(({ name }) => name),
  );
  yield* repeated(
    'egress of',
    state.egress.map((each) => each.tap),
  );
  yield* repeated(
    'nat of',
    state.nat.map((each) => each.bridge),
  );
  yield* repeated(
    'MAC',
    state.taps.map((each) => `${each.mac} on ${each.bridge}`),
  );
  yield* repeated(
    'address of a guest',
    state.taps.flatMap((each) => each.addresses),
  );
  yield* repeated(
    'forward of',
    state.forwards.map(({ host_address, host_port, protocol }) => `${host_address} ${host_port}/${protocol}`),
  );

  const networks = state.bridges.flatMap(({ name, addresses }) =>
    addresses.map((each) => ({ name, range: cidr(each) })),
  );
  for (const [at, one] of networks.entries()) {
    for (const other of networks.slice(at + 1)) {
      if (overlap(one.range, other.range)) yield `networks of '${one.name}' and '${other.name}' overlap`;
    }
  }
  const gateways = new Set(state.bridges.flatMap(({ addresses }) => addresses.map((each) => each.split('/')[0])));
  for (const { name, bridge, addresses } of state.taps) {
    const home = bridges.get(bridge);
    if (home === undefined) yield `tap '${name}' is on '${bridge}', which is no bridge of this state`;
    for (const each of home === undefined ? [] : addresses) {
      if (gateways.has(each)) yield `'${each}' of tap '${name}' is an address of a bridge`;
      else if (!home?.addresses.some((own) => within(cidr(each), cidr(own)))) {
        yield `'${each}' of tap '${name}' is in no network of '${bridge}'`;
      }
    }
  }
  for (const { bridge } of state.nat)
    if (!bridges.has(bridge)) yield `nat of '${bridge}', which is no bridge of this state`;
  for (const { tap } of state.egress) if (!taps.has(tap)) yield `egress of '${tap}', which is no tap of this state`;
  const guests = new Set(state.taps.flatMap((each) => each.addresses));
  for (const { guest_address } of state.forwards) {
    if (!guests.has(guest_address)) yield `'${guest_address}', which a port is forwarded to, is no guest of this state`;
  }
}

function* repeated(what: string, values: readonly string[]): Generator<string> {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) yield `${what} '${value}' is there twice`;
    seen.add(value);
  }
}
