import type { EgressRules, RpcMethod } from '@nook/daemonapi';

/** What a VM asks for, as the user wrote it. */
export interface EgressRequest {
  /** `allow` is the default where there is a list; `audit` lets everything through and records it. */
  readonly egress?: 'open' | 'deny' | 'allow' | 'audit' | undefined;
  /** `NAME[:PORT[-PORT]][/tcp|udp|icmp]`; a name may begin with `*.`, or be a range of addresses. */
  readonly allow?: readonly string[] | undefined;
}

/** A policy that was checked; what a record keeps. */
export interface EgressSpec {
  readonly mode: 'open' | 'deny' | 'allow';
  readonly audit: boolean;
  readonly allow: readonly string[];
}

export interface NetworkRequest extends EgressRequest {
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
  /** Mode `bridge`: the network is made for this VM alone, and goes with it. */
  readonly own?: boolean | undefined;
  /** Mode `bridge`: what it reaches; absent: everything but the closed ranges. */
  readonly egress?: EgressSpec | undefined;
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
  /** Largest packet, in bytes; absent: as the card has it. */
  readonly mtu?: number | undefined;
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
  /** Settles when its place is there to be joined; what it is rejected with is why the VM cannot start. Absent: there is none. */
  readonly up?: Promise<void> | undefined;
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
   * Makes ready what a start of the VM needs, or begins to (`up`); until the VM joins its network or {@link unplan} is called, that stays.
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
  /** What its network is now. @throws NookError `not_found` */
  networkOf(name: string): VmOnNetwork;
  /**
   * Has `change` say what a VM's network is from now on, while no other verb does anything with the VM, and writes it down.
   * @throws NookError `not_found`, and what `change` throws
   */
  changeNetwork(name: string, change: (vm: ChangingVm) => Promise<NetworkSpec>): Promise<void>;
}

/** Where systemd makes scopes, what outlives the daemon is in one of its own. */
export interface ScopesNeed {
  enter(scope: {
    readonly unit: string;
    readonly description: string;
    readonly pids: readonly number[];
  }): Promise<void>;
}

interface VmOnNetwork {
  readonly id: string;
  /** Running or paused. */
  readonly up: boolean;
  readonly network: NetworkSpec;
}

export interface ChangingVm extends VmOnNetwork {
  /** While it is up on network `user`: these ports of the host, and no others, lead into it from now on. */
  forward(forwards: readonly PublishedPort[], opId: string): Promise<void>;
}

/**
 * `namespace`: in a network namespace of its own, which needs no root. `bridge`: one that the host itself takes part in, made
 * by the root helper.
 */
export type NetworkMode = 'namespace' | 'bridge';

/** The part of the root helper that networks of mode `bridge` need. */
export interface PrivilegedNeed {
  /** Where it listens, for processes that outlive the daemon. */
  place(): string;
  /** @throws NookError `unavailable` with what to do, where there is none */
  status(): Promise<unknown>;
  /** With all that belongs to it; nothing where there is none. */
  removeNetwork(bridge: string): Promise<unknown>;
}

/** What `net.create` takes. */
export interface NewNetwork {
  /** A DNS label. */
  readonly name: string;
  /** Absent: `namespace`. */
  readonly mode?: NetworkMode | undefined;
  /** `A.B.C.D/PREFIX`, private; absent: one that is free is chosen. */
  readonly subnet?: string | undefined;
  /** `PREFIX::/64`, unique local; absent: a random one. */
  readonly subnet6?: string | undefined;
  /** Its VMs reach each other and nothing else. */
  readonly isolated?: boolean | undefined;
  /** What VMs reach that are made on it without a policy of their own. */
  readonly egress?: EgressRequest['egress'];
  readonly allow?: readonly string[] | undefined;
}

export interface HostNames {
  readonly from_host: boolean;
  /** What to do about it, or what to use instead. */
  readonly hint?: string | undefined;
}

export interface NetworkView {
  readonly name: string;
  readonly id: string;
  readonly mode: NetworkMode;
  /** `active` while a VM of it runs. */
  readonly state: 'active' | 'idle';
  readonly subnet: string;
  readonly subnet6: string;
  /** The network's own address: its VMs' way out and name server. */
  readonly gateway: string;
  readonly gateway6: string;
  readonly isolated: boolean;
  /** What VMs reach that are made on it without a policy of their own. */
  readonly egress: EgressSpec;
  /** Milliseconds since the epoch. */
  readonly created_at: number;
  /** Of the process that keeps the network up. */
  readonly nethost_pid?: number | undefined;
  /** In answers about one network that is active: whether this machine finds its VMs as `NAME.nook`, too. */
  readonly names?: HostNames | undefined;
  /** The VMs on it, whether they run or not, in the order of their addresses. */
  readonly vms: readonly NetworkMember[];
}

/** One destination that a VM used while its policy was `audit`. */
export interface UsedTarget {
  /** As `allow` takes it. */
  readonly target: string;
  /** Milliseconds since the epoch, of the latest use. */
  readonly at: number;
}

export interface EgressView {
  readonly vm: string;
  readonly network: string;
  readonly egress: EgressSpec;
  /** Who decided what is enforced. */
  readonly manager: string;
  /** What is enforced now; absent while the VM does not run. */
  readonly enforced?: EgressRules | undefined;
  /** Why blocks make no events at present; absent: they do, or the VM does not run. */
  readonly unreported?: string | undefined;
}

export interface EgressLearnt {
  readonly vm: string;
  /** The shortest list that all of it passes. */
  readonly allow: readonly string[];
  readonly used: readonly UsedTarget[];
}

/** What was refused. */
export interface EgressBlocked {
  readonly id: string;
  readonly vm: string;
  readonly network: string;
  /** An address; of a name that was not resolved, absent. */
  readonly destination?: string | undefined;
  /** The name that the VM asked for, where that is known. */
  readonly name?: string | undefined;
  readonly protocol: string;
  /** 0 where the protocol has none. */
  readonly port: number;
  /** `deny`, `allow`: the VM's policy. `closed`: a range that is closed. `host`: the network's own address. */
  readonly rule: 'deny' | 'allow' | 'closed' | 'host';
  /** How many more of this VM were refused since its last event, and made none: there were too many. */
  readonly more?: number | undefined;
}

export interface NetworkMember {
  readonly name: string;
  readonly id: string;
  readonly address: string;
  readonly address6: string;
}

interface OfVm {
  readonly vm: string;
}

declare module '@nook/daemonapi' {
  interface Provides {
    network: NetworkCapability;
  }

  interface Needs {
    network: { vms?: VmsNeed; privileged?: PrivilegedNeed; scopes?: ScopesNeed };
  }

  interface Events {
    'net.egress.blocked': EgressBlocked;
    /** Packets that were refused on a network and made no event, as there were too many. */
    'net.egress.unreported': { readonly network: string; readonly packets: number };
  }

  interface RpcMethods {
    'net.create': RpcMethod<NewNetwork, NetworkView>;
    'net.list': RpcMethod<Record<string, never>, readonly NetworkView[]>;
    'net.show': RpcMethod<{ readonly name: string }, NetworkView>;
    'net.publish': RpcMethod<{ readonly vm: string; readonly port: string }, PublishedPort>;
    'net.unpublish': RpcMethod<{ readonly vm: string; readonly port: string }, PublishedPort>;
    'net.policy.show': RpcMethod<OfVm, EgressView>;
    'net.policy.set': RpcMethod<OfVm & EgressRequest, EgressView>;
    'net.policy.learn': RpcMethod<OfVm, EgressLearnt>;
    'net.policy.lock': RpcMethod<OfVm, EgressView>;
    'net.delete': RpcMethod<{ readonly name: string }, { readonly name: string }>;
  }
}
