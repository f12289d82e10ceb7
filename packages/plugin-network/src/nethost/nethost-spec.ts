import type { PublishedPort } from '../contract.ts';

/** File names in a network's folder. */
export const NETHOST_FILES = {
  spec: 'spec.json',
  socket: 'nethost.sock',
  pid: 'nethost.pid',
  log: 'nethost.log',
  output: 'nethost.out',
  /** Of slirp4netns. */
  uplink: 'uplink.sock',
  /** The VMs that are on it, and where its namespace is to be found should the nethost die. */
  members: 'members.json',
} as const;

/** The bridge's name in the network's namespace. */
export const BRIDGE = 'nkbridge';

/**
 * Largest packet of a network in a namespace of its own, in bytes: what slirp4netns takes. Its end of a connection is on the
 * host, so that no other link's size matters, and fewer packets are less work.
 */
export const NAMESPACE_MTU = 65_520;

/** The bridge's name in the host's. */
export function bridgeOfHost(network: string): string {
  return `nk${network}`;
}

/** What the daemon tells a nethost: the whole of `spec.json`. */
export interface NethostSpec {
  /** Version of this file and of the nethost's control protocol. */
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  /** Random; stands in the nethost's argv too. */
  readonly token: string;
  readonly op_id: string;
  /** The bridge's own addresses, with prefix lengths. */
  readonly gateway: string;
  readonly gateway6: string;
  readonly isolated: boolean;
  /** Largest packet of its links, in bytes; absent: 1500. */
  readonly mtu?: number | undefined;
  /** The host takes part in the network: where the root helper listens that makes it. Absent: it has a namespace of its own. */
  readonly helper?: string | undefined;
  /** It enters the namespace of an earlier one, with what that left in it. */
  readonly held?: boolean | undefined;
  /** `ADDRESS[:PORT]` of the name server that knows the rest; absent: the host's. */
  readonly dns?: string | undefined;
}

/** A VM on the network, as its vmhost says it. */
export interface Member {
  /** The VM's id. */
  readonly vm: string;
  readonly name: string;
  readonly mac: string;
  readonly address: string;
  readonly address6: string;
  readonly publish: readonly PublishedPort[];
  /** The network's namespace, which the vmhost holds open. */
  readonly held?: HeldNamespace | undefined;
}

/** Whose address this is, of either family. */
export function memberAt(members: readonly Member[], at: string): Member | undefined {
  return members.find(({ address, address6 }) => at === address || at === address6);
}

export interface HeldNamespace {
  /** Of the process that holds it. */
  readonly pid: number;
  /** Its descriptor of the network namespace. */
  readonly net_fd: number;
  /** Its descriptor of the user namespace; absent where that is the host's. */
  readonly user_fd?: number | undefined;
  /** As the link of the descriptor reads: `net:[…]`. */
  readonly name: string;
}

/** What a nethost says of itself: the answer to `info`. */
export interface NethostInfo {
  readonly pid: number;
  readonly members: readonly Member[];
  /** Why blocks are not reported at present; absent: they are. */
  readonly unreported?: string | undefined;
  /** What is to be done that the host finds its VMs by name; absent: nothing, or nothing can be. */
  readonly unrouted?: string | undefined;
}
