import type {} from '@nook/daemonapi';
import type { DesiredStateInput, Difference } from '@nook/netstate';
import type { VerbInput } from './verbs.ts';

export interface HelperStatus {
  readonly version: string;
  readonly pid: number;
  /** Whom it serves, besides root. */
  readonly owner_uid: number;
  /** Ports below 1024 may be published. */
  readonly low_ports: boolean;
  readonly bridges: readonly string[];
  readonly taps: readonly string[];
  readonly forwards: number;
  /** What is not as it should be; `reconcile` repairs it. Empty when it was not looked for. */
  readonly differences: readonly Difference[];
}

export interface Repaired {
  readonly repaired: readonly Difference[];
}

/** How a call is tied to the request that it is for. */
export interface PrivilegedCall {
  readonly opId?: string;
  readonly signal?: AbortSignal;
}

/**
 * What only root can do. Each call throws a NookError: `unavailable` without a helper that answers, `unauthorized` when it
 * serves another user, `bad_params` or `conflict` when a gate refuses, `operation_failed` when the kernel does.
 */
export interface PrivilegedCapability {
  /** Path of its socket, for processes that outlive the daemon. */
  place(): string;
  status(call?: PrivilegedCall): Promise<HelperStatus>;
  /** Makes the host what `state` says, or without one what the helper was told last. */
  reconcile(state?: DesiredStateInput, call?: PrivilegedCall): Promise<Repaired>;
  /** One bridge with all that belongs to it, in place of what did before; what belongs to other bridges stays. */
  setNetwork(network: VerbInput<'network.set'>, call?: PrivilegedCall): Promise<Repaired>;
  /** The bridge with all that belongs to it; nothing where there is none. */
  removeNetwork(bridge: string, call?: PrivilegedCall): Promise<Repaired>;
  ensureBridge(bridge: VerbInput<'bridge.ensure'>, call?: PrivilegedCall): Promise<Repaired>;
  removeBridge(name: string, call?: PrivilegedCall): Promise<Repaired>;
  createTap(tap: VerbInput<'tap.create'>, call?: PrivilegedCall): Promise<Repaired>;
  deleteTap(name: string, call?: PrivilegedCall): Promise<Repaired>;
  /** Translation, published ports and egress of all networks. A `log_group` must be 28267. */
  replaceRules(rules: VerbInput<'rules.replace'>, call?: PrivilegedCall): Promise<Repaired>;
  /** Has the host ask an address of a bridge for names below `.nook`. */
  routeNames(routing: VerbInput<'names.route'>, call?: PrivilegedCall): Promise<void>;
  unrouteNames(bridge: string, call?: PrivilegedCall): Promise<void>;
  /** @returns the folder of the cgroup */
  createScope(scope: VerbInput<'scope.create'>, call?: PrivilegedCall): Promise<string>;
  removeScope(name: string, call?: PrivilegedCall): Promise<void>;
}

declare module '@nook/daemonapi' {
  interface Provides {
    privileged: PrivilegedCapability;
  }
}
