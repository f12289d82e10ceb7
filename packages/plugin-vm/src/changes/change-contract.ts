import type { RpcMethod } from '@nook/daemonapi';
import type { VmView } from '../contract.ts';

/** A VM under its new name. */
export interface Renamed {
  readonly vm: VmView;
  /** When its guest's host name is the new one: it is already, or from the next start on. */
  readonly host_name: 'now' | 'next_start';
  /** Why a guest that runs was not told. */
  readonly why?: string | undefined;
}

declare module '@nook/daemonapi' {
  interface RpcMethods {
    'vm.rename': RpcMethod<{ readonly name: string; readonly to: string }, Renamed>;
  }

  interface Events {
    'vm.renamed': { readonly id: string; readonly from: string; readonly name: string };
  }
}
