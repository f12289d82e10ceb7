import type { RpcMethod } from '@nook/daemonapi';

/** What an ssh client needs to know of, made on first use. Both are files of the daemon's user. */
export interface SshFiles {
  /** nook's own private key (ed25519, no passphrase). */
  readonly identity_file: string;
  /** The host keys of VMs, under `NAME.nook`. */
  readonly known_hosts_file: string;
}

/** The part of the VMs that tells whether one is still there. */
interface VmsNeed {
  /** Undefined: there is none with this id. */
  nameOf(id: string): string | undefined;
}

declare module '@nook/daemonapi' {
  interface Needs {
    workspace: { vms?: VmsNeed };
  }

  interface RpcMethods {
    'ssh.files': RpcMethod<Record<string, never>, SshFiles>;
  }
}
