import type { OperationMethods, Progress, RpcMethod } from '@nook/daemonapi';

export type VmState = 'created' | 'starting' | 'running' | 'paused' | 'stopping' | 'stopped' | 'suspended' | 'failed';

/** Booted; restored from a template; claimed from the pool; or taken up again where it was suspended. */
export type CameUp = 'cold' | 'template' | 'pool' | 'resume';

/** One step of a start: what was done and how long it took. */
export interface BootStep {
  readonly name: string;
  /** Milliseconds since the start was asked for. */
  readonly at_ms: number;
  readonly duration_ms: number;
  /** The median of the latest starts that came up the same way; in `vm.show` only. */
  readonly usual_ms?: number | undefined;
}

export interface PublishedPortView {
  readonly protocol: string;
  readonly host_address: string;
  readonly host_port: number;
  readonly guest_port: number;
}

export interface VmView {
  readonly name: string;
  readonly id: string;
  readonly state: VmState;
  /** Why the VM is in this state, where that is not what was asked for. */
  readonly cause?: string | undefined;
  readonly image: string;
  readonly image_digest: string;
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly disk_bytes: number;
  readonly network: { readonly mode: string; readonly publish: readonly PublishedPortView[] };
  readonly auto_remove: boolean;
  /** Milliseconds since the epoch, as every time here. */
  readonly created_at: number;
  readonly started_at?: number | undefined;
  readonly ended_at?: number | undefined;
  /** How the latest start brought the VM up. */
  readonly came_up?: CameUp | undefined;
  /** Why the latest start was not the quicker one that was at hand. */
  readonly fallback?: string | undefined;
  /** What runs it, e.g. `qemu`. */
  readonly driver: string;
  readonly driver_version?: string | undefined;
  readonly accelerator?: string | undefined;
  readonly machine?: string | undefined;
  readonly vmhost_pid?: number | undefined;
  readonly qemu_pid?: number | undefined;
  /** The VM's folder. */
  readonly dir: string;
  readonly boot: readonly BootStep[];
}

/** What a new VM is to be; everything has a default. */
export interface VmRequest {
  /** A DNS label; made up when absent. */
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  readonly vcpus?: number | undefined;
  /** Bytes, or a number with a unit: `512MiB`, `2G`. */
  readonly memory?: string | number | undefined;
  readonly disk?: string | number | undefined;
  readonly network?: string | undefined;
  /** `[ADDRESS:]HOST_PORT:GUEST_PORT[/tcp|udp]` */
  readonly publish?: readonly string[] | undefined;
  /** The VM is removed when the session that it was started with ends, or when it stops. */
  readonly auto_remove?: boolean | undefined;
}

/** A guest that was booted and saved once, for VMs of this shape to begin as. */
export interface TemplateView {
  readonly key: string;
  readonly image: string;
  readonly image_digest: string;
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly disk_bytes: number;
  /** What it was made on, and loads on. */
  readonly driver: string;
  readonly driver_version: string;
  readonly accelerator: string;
  readonly machine: string;
  /** On the host's disk. */
  readonly bytes: number;
  readonly created_at: number;
  readonly used_at: number;
}

/** Machines that were restored and stand still, until one of them becomes a VM. */
export interface PoolView {
  /** How many there are to be. */
  readonly size: number;
  readonly max_memory_bytes: number;
  /** Members are being made, or will be as soon as nothing is asked of VMs. */
  readonly filling: boolean;
  readonly members: readonly {
    /** Of the VM that it becomes. */
    readonly id: string;
    /** `silent`: its vmhost does not answer. */
    readonly state: 'ready' | 'silent';
    readonly template: string;
    /** Of the host's memory, when it was made. */
    readonly bytes: number;
    readonly created_at: number;
    readonly dir: string;
    readonly vmhost_pid: number;
    readonly qemu_pid?: number | undefined;
  }[];
}

/** A command for the guest: an argument vector, never a shell line. */
export interface ExecRequest {
  /** Absent: the user's login shell. */
  readonly argv?: readonly string[] | undefined;
  /** `NAME=value` */
  readonly env?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  readonly user?: string | undefined;
  readonly pty?: { readonly rows: number; readonly columns: number } | undefined;
  /** False closes the command's standard input at once. */
  readonly stdin?: boolean | undefined;
  /** What becomes of the command when its client goes away. */
  readonly on_disconnect?: 'keep' | 'kill' | undefined;
}

/** Where and how to attach to a session: the vmhost's socket and the session's own token. */
export interface SessionHandle {
  readonly vm: string;
  readonly session: string;
  readonly socket: string;
  readonly token: string;
}

export interface SessionView {
  readonly session: string;
  readonly argv: readonly string[];
  readonly state: 'running' | 'exited';
  readonly exit_code?: number | undefined;
  readonly attached: boolean;
  readonly started_at: number;
}

export type LogSource = 'console' | 'vmhost' | 'qemu';

declare module '@nook/daemonapi' {
  interface RpcMethods
    extends OperationMethods<'vm.create', VmRequest & { readonly start?: boolean | undefined }, VmView>,
      OperationMethods<
        'vm.template.warm',
        Pick<VmRequest, 'image' | 'vcpus' | 'memory' | 'disk'>,
        /** `made`: there was none of this shape. */
        { readonly key: string; readonly bytes: number; readonly made: boolean }
      > {
    'vm.pool.show': RpcMethod<Record<never, never>, PoolView>;
    /** The latest used first. */
    'vm.template.list': RpcMethod<Record<never, never>, readonly TemplateView[]>;
    /** By its key, or the beginning of one. */
    'vm.template.remove': RpcMethod<{ readonly key: string }, { readonly key: string }>;
    'vm.run': RpcMethod<
      VmRequest & { readonly exec?: ExecRequest | undefined; readonly detach?: boolean | undefined },
      { readonly vm: VmView; readonly session?: SessionHandle | undefined }
    >;
    'vm.start': RpcMethod<{ readonly name: string }, VmView>;
    'vm.stop': RpcMethod<{ readonly name: string; readonly timeout_seconds?: number | undefined }, VmView>;
    'vm.pause': RpcMethod<{ readonly name: string }, VmView>;
    'vm.resume': RpcMethod<{ readonly name: string }, VmView>;
    'vm.kill': RpcMethod<{ readonly name: string }, VmView>;
    'vm.restart': RpcMethod<{ readonly name: string; readonly timeout_seconds?: number | undefined }, VmView>;
    'vm.delete': RpcMethod<{ readonly name: string; readonly force?: boolean | undefined }, { readonly name: string }>;
    'vm.list': RpcMethod<Record<never, never>, readonly VmView[]>;
    'vm.show': RpcMethod<{ readonly name: string }, VmView>;
    'vm.logs': RpcMethod<
      {
        readonly name: string;
        readonly source?: LogSource | undefined;
        /** The boot to read, counted from 1; absent: the latest. */
        readonly boot?: number | undefined;
        readonly follow?: boolean | undefined;
      },
      { readonly source: LogSource; readonly boot: number }
    >;
    'vm.exec.start': RpcMethod<
      ExecRequest & { readonly name: string; readonly detach?: boolean | undefined },
      SessionHandle
    >;
    'vm.exec.attach': RpcMethod<{ readonly name: string; readonly session: string }, SessionHandle>;
    'vm.exec.list': RpcMethod<{ readonly name: string }, readonly SessionView[]>;
  }

  interface Events {
    'vm.state': { readonly name: string; readonly id: string; readonly state: VmState; readonly cause?: string };
    'vm.removed': { readonly name: string; readonly id: string };
  }

  interface Provides {
    vms: VmsCapability;
  }

  interface Needs {
    vm: { images: ImagesNeed; kernels: KernelsNeed; network: NetworkNeed };
  }
}

export interface VmsCapability {
  /** Names of the VMs whose disk stands on this image. */
  imageUsers(digest: string): readonly string[];
}

interface Ensure {
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

interface ImagesNeed {
  defaultImage(): string;
  ensure(
    reference: string,
    options: Ensure,
  ): Promise<{ readonly name: string; readonly digest: string; readonly path: string; readonly size_bytes: number }>;
}

interface KernelsNeed {
  ensure(
    reference: string | undefined,
    options: Ensure,
  ): Promise<{ readonly digest: string; readonly release: string; readonly vmlinux: string; readonly modules: string }>;
}

/** The part of a network that a VM's record keeps. */
export interface NetworkSpec {
  readonly mode: 'user' | 'none';
  readonly publish: readonly HostForward[];
}

export interface HostForward {
  readonly protocol: 'tcp' | 'udp';
  readonly host_address: string;
  readonly host_port: number;
  readonly guest_port: number;
}

export interface NetworkPlan {
  readonly mode: 'user' | 'none';
  readonly host_forwards: readonly HostForward[];
  readonly guest: { readonly address: string; readonly gateway: string; readonly dns: readonly string[] } | null;
}

interface NetworkNeed {
  check(request: { mode?: string | undefined; publish?: readonly string[] | undefined }): NetworkSpec;
  plan(spec: NetworkSpec): Promise<NetworkPlan>;
}
