import type {} from '@nook/daemonapi';

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

declare module '@nook/daemonapi' {
  interface Provides {
    network: NetworkCapability;
  }
}
