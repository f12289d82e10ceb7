import type { RpcMethod } from '@nook/daemonapi';

/** A drive that was made for a VM, and is there until the VM ends. */
export interface SeedDrive {
  readonly vm: string;
  readonly bytes: number;
}

declare module '@nook/daemonapi' {
  interface RpcMethods {
    'seed-drive.list': RpcMethod<Record<string, never>, readonly SeedDrive[]>;
  }
}
