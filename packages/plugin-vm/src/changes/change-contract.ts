import type { RpcMethod } from '@nook/daemonapi';
import type { VmState, VmView } from '../contract.ts';
import type { LifeRequest } from '../supervision/life-contract.ts';

/** A VM under its new name. */
export interface Renamed {
  readonly vm: VmView;
  /** When its guest's host name is the new one: it is already, or from the next start on. */
  readonly host_name: 'now' | 'next_start';
  /** Why a guest that runs was not told. */
  readonly why?: string | undefined;
}

/** What `vm.set` changes; what is absent stays. */
export interface VmSettings extends LifeRequest {
  /** Joined with those that there are; null removes one. */
  readonly labels?: Readonly<Record<string, string | null>> | undefined;
  readonly vcpus?: number | undefined;
  /** Bytes, or a number with a unit. */
  readonly memory?: string | number | undefined;
  /** As memory; it can only grow. */
  readonly disk?: string | number | undefined;
}

export interface VmSet {
  readonly vm: VmView;
  /** The settings that were another before. */
  readonly changed: readonly string[];
  /** Those, of this and earlier calls, that are true when the VM is stopped and started. */
  readonly restart_needed: readonly string[];
  /** Those that the guest is still busy with: a file system that grows by terabytes. */
  readonly under_way: readonly string[];
}

export interface PruneRequest {
  /** As in `vm.list`. */
  readonly filter?: readonly string[] | undefined;
  readonly dry_run?: boolean | undefined;
  /** Suspended ones too, whose memory is lost. */
  readonly suspended?: boolean | undefined;
}

export interface Pruned {
  readonly removed: readonly { readonly name: string; readonly state: VmState; readonly bytes: number }[];
  readonly failed: readonly { readonly name: string; readonly why: string }[];
  /** What those removed took of the host's disk. */
  readonly bytes: number;
}

declare module '@nook/daemonapi' {
  interface RpcMethods {
    /** `dry_run`: says what it would do, and does nothing. */
    'vm.set': RpcMethod<VmSettings & { readonly name: string; readonly dry_run?: boolean | undefined }, VmSet>;
    'vm.prune': RpcMethod<PruneRequest, Pruned>;
    'vm.rename': RpcMethod<{ readonly name: string; readonly to: string }, Renamed>;
  }

  interface Events {
    'vm.renamed': { readonly id: string; readonly from: string; readonly name: string };
  }
}
