import type { RpcMethod } from '@nook/daemonapi';

/** What a VM asks for, as the user wrote it. */
export interface NetworkRequest {
  /** `user` (the default): QEMU's user-mode network. `none`: a network card that leads nowhere. */
  readonly mode?: string | undefined;
  /** `[ADDRESS:]HOST_PORT:GUEST_PORT[/tcp|udp]`; the address defaults to 127.0.0.1. */
  readonly publish?: readonly string[] | undefined;
}

export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp';
  readonly host_address: string;
  readonly host_port: number;
  readonly guest_port: number;
}

/** A request that was checked; what a VM's record keeps. */
export interface NetworkSpec {
  readonly mode: 'user' | 'none';
  readonly publish: readonly PublishedPort[];
}

/** What the guest's network card gets. */
export interface GuestNetwork {
  /** IPv4 with prefix length. */
  readonly address: string;
  readonly gateway: string;
  readonly dns: readonly string[];
}

/** How one start of a VM is connected. */
export interface NetworkPlan {
  readonly mode: 'user' | 'none';
  readonly host_forwards: readonly PublishedPort[];
  /** Null where the guest is to have no network. */
  readonly guest: GuestNetwork | null;
}

export interface NetworkCapability {
  /** @throws NookError `bad_params` for an unknown mode, an unreadable port, or ports on a network that has none */
  check(request: NetworkRequest): NetworkSpec;
  /** @throws NookError `conflict` when a port of the host is taken */
  plan(spec: NetworkSpec): Promise<NetworkPlan>;
}

/** The part of the VMs that names who uses a network. */
interface VmsNeed {
  /** Undefined: there is none with this id. */
  nameOf(id: string): string | undefined;
}

/** What `net.create` takes. */
export interface NewNetwork {
  /** A DNS label. */
  readonly name: string;
  /** `A.B.C.D/PREFIX`, private; absent: one that is free is chosen. */
  readonly subnet?: string | undefined;
  /** `PREFIX::/64`, unique local; absent: a random one. */
  readonly subnet6?: string | undefined;
  /** Its VMs reach each other and nothing else. */
  readonly isolated?: boolean | undefined;
}

export interface NetworkView {
  readonly name: string;
  readonly id: string;
  /** `active` while a VM of it runs. */
  readonly state: 'active' | 'idle';
  readonly subnet: string;
  readonly subnet6: string;
  /** The network's own address: its VMs' way out and name server. */
  readonly gateway: string;
  readonly gateway6: string;
  readonly isolated: boolean;
  /** Milliseconds since the epoch. */
  readonly created_at: number;
  /** The VMs on it, whether they run or not, in the order of their addresses. */
  readonly vms: readonly NetworkMember[];
}

export interface NetworkMember {
  readonly name: string;
  readonly id: string;
  readonly address: string;
  readonly address6: string;
}

declare module '@nook/daemonapi' {
  interface Provides {
    network: NetworkCapability;
  }

  interface Needs {
    network: { vms?: VmsNeed };
  }

  interface RpcMethods {
    'net.create': RpcMethod<NewNetwork, NetworkView>;
    'net.list': RpcMethod<Record<string, never>, readonly NetworkView[]>;
    'net.show': RpcMethod<{ readonly name: string }, NetworkView>;
    'net.delete': RpcMethod<{ readonly name: string }, { readonly name: string }>;
  }
}
