import type { RpcMethod } from '@nook/daemonapi';

/** What a VM asks for, as the user wrote it. */
export interface NetworkRequest {
  /**
   * `user` (the default): QEMU's user-mode network. `none`: a network card that leads nowhere. Otherwise the name of a
   * network of several VMs.
   */
  readonly mode?: string | undefined;
  /** `[ADDRESS:]HOST_PORT:GUEST_PORT[/tcp|udp]`; the address defaults to 127.0.0.1, and port 0 of the host is any that is free. */
  readonly publish?: readonly string[] | undefined;
  /** The IPv4 address that the VM is to have in its network; absent: one is chosen. */
  readonly ip?: string | undefined;
}

export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp';
  readonly host_address: string;
  /** 0: not chosen yet. */
  readonly host_port: number;
  readonly guest_port: number;
}

/** A request that was checked; what a VM's record keeps. */
export interface NetworkSpec {
  readonly mode: 'user' | 'none' | 'bridge';
  readonly publish: readonly PublishedPort[];
  /** Mode `bridge`: the name of the network. */
  readonly name?: string | undefined;
  /** Mode `bridge`: the VM's IPv4 address. Before it was allocated: the one that was asked for. */
  readonly address?: string | undefined;
  /** Mode `bridge`, once the address was allocated. */
  readonly address6?: string | undefined;
}

/** What the guest's network card gets. */
export interface GuestNetwork {
  /** IPv4 with prefix length. */
  readonly address: string;
  /** Absent where there is no way out. */
  readonly gateway?: string | undefined;
  /** IPv6 with prefix length. */
  readonly address6?: string | undefined;
  readonly gateway6?: string | undefined;
  readonly dns: readonly string[];
  /** Domain that names without a dot are looked up in. */
  readonly search?: string | undefined;
}

/** Where a VM's vmhost has the VM join a network of several; all of it but the socket is what it says there of the VM. */
export interface NetworkPlace {
  /** Control socket of the network's nethost. */
  readonly socket: string;
  readonly address: string;
  readonly address6: string;
  readonly publish: readonly PublishedPort[];
}

/** How one start of a VM is connected. */
export interface NetworkPlan {
  readonly mode: 'user' | 'none' | 'tap';
  readonly host_forwards: readonly PublishedPort[];
  /** Null where the guest is to have no network. */
  readonly guest: GuestNetwork | null;
  /** Mode `tap`. */
  readonly place?: NetworkPlace | undefined;
}

/** The VM that a network is asked about. */
export interface NetworkedVm {
  readonly id: string;
  readonly name: string;
  readonly mac: string;
  readonly opId: string;
}

export interface NetworkCapability {
  /**
   * @throws NookError `bad_params` for an unreadable port or address, or ports on a network that has none; `not_found` for
   *   an unknown network
   */
  check(request: NetworkRequest): NetworkSpec;
  /**
   * Chooses ports of the host: for port 0, and for each port that an image exposes and that is not published yet.
   * @param exposed `PORT[/tcp|udp]`; what is neither is left out
   * @throws NookError `conflict` where ports cannot be published, or an address is none of the host's
   */
  choosePorts(spec: NetworkSpec, exposed?: readonly string[]): Promise<NetworkSpec>;
  /**
   * Gives a new VM its address, in the transaction that its record is written in.
   * @returns what the record is to keep
   * @throws NookError `conflict` when the address is taken, `unavailable` when all are
   */
  allocate(vm: string, spec: NetworkSpec): NetworkSpec;
  /** The VM is no more: in the transaction that its record is removed in. */
  release(vm: string): void;
  /**
   * Makes ready what a start of the VM needs; until the VM joins its network or {@link unplan} is called, that stays.
   * @throws NookError `conflict` when a port of the host is taken, `unavailable` when the host lacks something
   */
  plan(spec: NetworkSpec, vm: NetworkedVm): Promise<NetworkPlan>;
  /** The start failed. */
  unplan(spec: NetworkSpec, vm: NetworkedVm): Promise<void>;
}

/** The part of the VMs that names who uses a network. */
export interface VmsNeed {
  /** Undefined: there is none with this id. */
  nameOf(id: string): string | undefined;
  /**
   * Has `change` say what a VM's network is from now on, while no other verb does anything with the VM, and writes it down.
   * @throws NookError `not_found`, and what `change` throws
   */
  changeNetwork(name: string, change: (vm: ChangingVm) => Promise<NetworkSpec>): Promise<void>;
}

export interface ChangingVm {
  readonly id: string;
  /** Running or paused. */
  readonly up: boolean;
  readonly network: NetworkSpec;
  /** While it is up on network `user`: these ports of the host, and no others, lead into it from now on. */
  forward(forwards: readonly PublishedPort[], opId: string): Promise<void>;
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
  /** Of the process that keeps the network up. */
  readonly nethost_pid?: number | undefined;
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
    'net.publish': RpcMethod<{ readonly vm: string; readonly port: string }, PublishedPort>;
    'net.unpublish': RpcMethod<{ readonly vm: string; readonly port: string }, PublishedPort>;
    'net.delete': RpcMethod<{ readonly name: string }, { readonly name: string }>;
  }
}
