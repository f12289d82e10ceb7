import type { RpcMethod, ToolingFinding } from '@nook/daemonapi';

import type { SessionsNeed } from './project/project-contract.ts';

export type * from './project/project-contract.ts';

/** What an ssh client needs to know of, made on first use. Both are files of the daemon's user. */
export interface SshFiles {
  /** nook's own private key (ed25519, no passphrase). */
  readonly identity_file: string;
  /** The host keys of VMs, under `NAME.nook`. */
  readonly known_hosts_file: string;
}

/** What of the host was put into a VM, and where. */
export interface Workspace {
  /** The folder on the host: of a repository, the one that holds `.git`. Absolute. */
  readonly host_path: string;
  /** Absolute, in the guest. */
  readonly guest_path: string;
  /** `repository`: with a `.git` of one commit; `files`: of a repository, into an image without git; `folder`: no repository. */
  readonly kind: 'repository' | 'files' | 'folder';
  /** The commit that the files stand on; absent for a folder. */
  readonly commit?: string | undefined;
  /** Tree of the files that were sent, changes included; what an export compares with. */
  readonly prepared?: string | undefined;
}

export interface WorkspaceView extends Workspace {
  readonly vm: string;
  /** Milliseconds since the epoch. */
  readonly prepared_at: number;
}

/** A tool that a project wants, and who found that out. */
export interface PlannedTool extends ToolingFinding {
  /** Name of the detector. */
  readonly detector: string;
}

/** The part of the VMs that names them, and runs commands in them. */
interface VmsNeed extends SessionsNeed {
  /** Undefined: there is none with this id. */
  nameOf(id: string): string | undefined;
  /** @throws NookError `not_found` */
  idOf(name: string): string;
}

declare module '@nook/daemonapi' {
  interface Needs {
    workspace: { vms?: VmsNeed };
  }

  interface RpcMethods {
    'workspace.record': RpcMethod<Workspace & { readonly vm: string }, WorkspaceView>;
    /** `workspace` absent: the VM has none. */
    'workspace.show': RpcMethod<{ readonly vm: string }, { readonly workspace?: WorkspaceView | undefined }>;
    /** The paths of all files that a detector wants to see. */
    'workspace.tooling.files': RpcMethod<Record<string, never>, { readonly files: readonly string[] }>;
    /** `files`: path → text, of those that are there. */
    'workspace.tooling.plan': RpcMethod<
      { readonly files: Readonly<Record<string, string>> },
      { readonly tools: readonly PlannedTool[] }
    >;
    'ssh.files': RpcMethod<Record<string, never>, SshFiles>;
  }
}
