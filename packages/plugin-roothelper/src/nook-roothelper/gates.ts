import type { DesiredState, Pin } from '@nook/netstate';
import { cidr, familyOf, overlap, within } from '@nook/netstate/addresses';
import type { HostFacts } from './host-facts.ts';
import type { InstallRecord } from './kept.ts';

/** Networks of guests are made of these: any other would take addresses of the world from the host. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map(cidr);
/** The widest network of guests. */
const LEAST_PREFIX = { 4: 16, 6: 48 } as const;
const LOOPBACK = cidr('127.0.0.0/8');
const EVERY = new Set(['0.0.0.0', '::']);
/** The group of the netlink log that is ours to fill. */
const LOG_GROUP = 28_267;
const MOST = { bridges: 64, taps: 512, forwards: 2048 };

/**
 * Why a state is refused, whoever asks for it and by whichever verb; the state itself is well-formed. The daemon is the
 * adversary: what it asks for may concern its own guests and ports of its own, and nothing else of the host.
 */
export function refusals(
  next: DesiredState,
  {
    record,
    facts,
    before,
  }: { readonly record: InstallRecord; readonly facts: HostFacts; readonly before: DesiredState },
): string[] {
  return [
    ...(next.bridges.length > MOST.bridges ? [`there may be ${MOST.bridges} bridges`] : []),
    ...(next.taps.length > MOST.taps ? [`there may be ${MOST.taps} taps`] : []),
    ...(next.forwards.length > MOST.forwards ? [`there may be ${MOST.forwards} published ports`] : []),
    ...next.taps.flatMap((tap) => tapRefusals(tap, record)),
    ...next.bridges.flatMap((bridge) => bridgeRefusals(bridge, facts, before)),
    ...next.forwards.flatMap((forward) => forwardRefusals(forward, record, facts)),
    ...(next.log_group === undefined || next.log_group === LOG_GROUP ? [] : [`the log group is ${LOG_GROUP}`]),
  ];
}

function tapRefusals({ name, owner_uid }: DesiredState['taps'][number], record: InstallRecord): string[] {
  return owner_uid === record.owner_uid ? [] : [`tap '${name}' would be user ${owner_uid}'s, who is not the owner`];
}

function bridgeRefusals(
  { name, addresses }: DesiredState['bridges'][number],
  { networks, nameservers }: HostFacts,
  before: DesiredState,
): string[] {
  // Where a host got a network later that ours overlaps, ours is not taken away.
  const had = before.bridges.find((each) => each.name === name)?.addresses ?? [];
  return addresses.flatMap((address) => {
    const own = cidr(address);
    if (!PRIVATE.some((range) => within(own, range))) return [`${address} of '${name}' is no private network`];
    if (own.length < LEAST_PREFIX[own.family])
      return [`${address} of '${name}' is wider than /${LEAST_PREFIX[own.family]}`];
    if (had.includes(address)) return [];
    const other = networks.find((each) => overlap(each, own));
    if (other !== undefined) return [`${address} of '${name}' overlaps the host's ${other.network}/${other.length}`];
    const server = nameservers.find((each) => within(cidr(each), own));
    return server === undefined ? [] : [`${address} of '${name}' has the host's name server ${server} in it`];
  });
}

function forwardRefusals(
  { host_address, host_port }: DesiredState['forwards'][number],
  { low_ports }: InstallRecord,
  { addresses }: HostFacts,
): string[] {
  const where = `${host_address} ${host_port}`;
  const local = isOwn(host_address) || addresses.includes(host_address);
  return [
    // What goes to others' addresses would be taken from the host's own programs.
    ...(local ? [] : [`${where} is no address of the host`]),
    ...(host_port >= 1024 || low_ports ? [] : [`${where}: ports below 1024 are not published by this helper`]),
  ];
}

/** Why pins are refused: what is pinned must stand in the list of the guest that it is for. */
export function pinRefusals(pins: readonly Pin[], { taps, egress }: DesiredState): string[] {
  return pins.flatMap(({ pinned, guest, destination }) => {
    const tap = taps.find(({ addresses }) => addresses.includes(guest))?.name;
    const list = egress.find((each) => each.tap === tap);
    if (tap === undefined || list?.policy !== 'allow') return [`'${guest}' is no guest that has a list`];
    if (familyOf(guest) !== familyOf(destination)) return [`'${guest}' does not reach '${destination}'`];
    const wanted = JSON.stringify(pinned);
    if (list.pinned.some((each) => JSON.stringify(each) === wanted)) return [];
    return [`the list of '${guest}' has no name that '${destination}' could be pinned for`];
  });
}

/** Whether more than the state itself must be known: asking the host takes a while. */
export function needsFacts(next: DesiredState, before: DesiredState): boolean {
  const had = new Set(before.bridges.flatMap(({ name, addresses }) => addresses.map((each) => `${name} ${each}`)));
  return (
    next.bridges.some(({ name, addresses }) => addresses.some((each) => !had.has(`${name} ${each}`))) ||
    next.forwards.some(({ host_address }) => !isOwn(host_address))
  );
}

function isOwn(address: string): boolean {
  return EVERY.has(address) || within(cidr(address), LOOPBACK);
}

/** Ports that are asked for and were not published before: they must be free. */
export function newForwards(next: DesiredState, before: DesiredState): DesiredState['forwards'] {
  const key = ({ protocol, host_address, host_port }: DesiredState['forwards'][number]) =>
    `${protocol} ${familyOf(host_address)} ${host_address} ${host_port}`;
  const known = new Set(before.forwards.map(key));
  return next.forwards.filter((each) => !known.has(key(each)));
}
