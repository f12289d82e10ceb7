import type { ImageConfig, OperationMethods, Page, PortCommand, Progress, RpcMethod } from '@nook/daemonapi';
import type { LifeRequest, LifeView } from './supervision/life-contract.ts';

export type * from './changes/change-contract.ts';

export type VmState = 'created' | 'starting' | 'running' | 'paused' | 'stopping' | 'stopped' | 'suspended' | 'failed';

/** What runs as PID 1: nook's own small init (seconds matter), or the image's (systemd …) with nook's agent beside it. */
export type GuestInit = 'nook' | 'image';

/** Booted; restored from a template; claimed from the pool; or taken up again where it was suspended. */
export type CameUp = 'cold' | 'template' | 'pool' | 'resume';

/** A folder of the host that the guest sees as a file system. */
export interface VmMount {
  /** On the host, absolute. */
  readonly source: string;
  /** In the guest, absolute; made where it is missing. */
  readonly target: string;
  /** The host refuses every write. */
  readonly read_only: boolean;
}

/** What a VM's processes on the host may take together, as the kernel holds them to it. */
export interface VmLimits {
  /** Who made the cgroup that they are in; `none`: they are in the daemon's, and held to nothing. */
  readonly kind: 'systemd' | 'cgroup' | 'none';
  /** Why there are none, or which one is missing. */
  readonly reason?: string | undefined;
  /** `nook-vm-ID.scope` */
  readonly scope?: string | undefined;
  /** The cgroup's directory. */
  readonly cgroup?: string | undefined;
  readonly memory_bytes?: number | undefined;
  /** So many CPUs' time. */
  readonly cpus?: number | undefined;
  /** Processes and their threads. */
  readonly pids?: number | undefined;
}

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

interface VmEgress {
  readonly mode: 'open' | 'deny' | 'allow';
  /** Recorded and let through instead of refused. */
  readonly audit: boolean;
  readonly allow: readonly string[];
}

interface NetworkOfVm {
  /** `user`, `none`, or `bridge`: a network of several VMs. */
  readonly mode: string;
  readonly publish: readonly PublishedPortView[];
  /** Mode `bridge`: the name of the network. */
  readonly name?: string | undefined;
  /** Mode `bridge`: IPv4, without the prefix length. */
  readonly address?: string | undefined;
  readonly address6?: string | undefined;
  /** Mode `bridge`: the network is there for this VM alone. */
  readonly own?: boolean | undefined;
  /** Mode `bridge`: what it may reach. */
  readonly egress?: VmEgress | undefined;
}

export interface VmView extends LifeView {
  readonly name: string;
  readonly id: string;
  readonly state: VmState;
  /** Why the VM is in this state, where that is not what was asked for. */
  readonly cause?: string | undefined;
  readonly image: string;
  readonly image_digest: string;
  /** The kernel that was asked for it; absent: that of the config. */
  readonly kernel?: string | undefined;
  /** Of the kernel that it booted last. */
  readonly kernel_digest?: string | undefined;
  /** Of the build of nook's init in the guest that it booted last, `sha256:…`. */
  readonly guest_digest?: string | undefined;
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly disk_bytes: number;
  readonly network: NetworkOfVm;
  readonly auto_remove: boolean;
  /** The features that take part in the VM, in the order of their names. */
  readonly features: readonly FeatureView[];
  readonly init: GuestInit;
  readonly mounts: readonly VmMount[];
  readonly labels: Readonly<Record<string, string>>;
  /** What was set meanwhile, and waits until the VM is stopped and started. */
  readonly next_start?: { readonly vcpus?: number | undefined; readonly memory_bytes?: number | undefined } | undefined;
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
  /** Since the latest start; absent before it, and of VMs that an earlier version started. */
  readonly limits?: VmLimits | undefined;
  readonly vmhost_pid?: number | undefined;
  readonly qemu_pid?: number | undefined;
  /** The VM's folder. */
  readonly dir: string;
  readonly boot: readonly BootStep[];
}

/** One feature in one VM. */
export interface FeatureView {
  readonly name: string;
  /** What the feature keeps of its part of the request; in `vm.show` only. */
  readonly part?: unknown;
  /** The VM was started and the feature has not cleaned up after it: it runs, or that failed. */
  readonly cleanup_due?: boolean | undefined;
}

/** What a new VM is to be; everything has a default. */
export interface VmRequest extends LifeRequest {
  /** A DNS label; made up when absent. */
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  /** A name or digest of the store, a name of the catalog, or a reference. `[vm] kernel` when absent. */
  readonly kernel?: string | undefined;
  readonly vcpus?: number | undefined;
  /** Bytes, or a number with a unit: `512MiB`, `2G`. */
  readonly memory?: string | number | undefined;
  readonly disk?: string | number | undefined;
  /** `user` (the default), `none`, or the name of a network of several VMs. */
  readonly network?: string | undefined;
  /** The VM's IPv4 address in a network of several; one is chosen when absent. */
  readonly ip?: string | undefined;
  /** `[ADDRESS:]HOST_PORT:GUEST_PORT[/tcp|udp]`; for port 0 of the host one that is free is chosen, and kept. */
  readonly publish?: readonly string[] | undefined;
  /** Ports that the image exposes, and that are not in `publish`, are published at ports of the host that are free. */
  readonly publish_all?: boolean | undefined;
  /** What it reaches; without `network`, the VM gets one of its own for that. The network's default when absent; `allow` where there is a list. */
  readonly egress?: 'open' | 'deny' | 'allow' | 'audit' | undefined;
  /** `NAME[:PORT[-PORT]][/tcp|udp|icmp]`; a name may begin with `*.`, or be a range of addresses. */
  readonly allow?: readonly string[] | undefined;
  /** The VM is removed when the session that it was started with ends, or when it stops. */
  readonly auto_remove?: boolean | undefined;
  /** Feature → its part, which the feature itself gives a meaning to. */
  readonly features?: Readonly<Record<string, unknown>> | undefined;
  /** Absent: `nook`. */
  readonly init?: GuestInit | undefined;
  readonly mounts?:
    | readonly { readonly source: string; readonly target: string; readonly read_only?: boolean | undefined }[]
    | undefined;
  /** Words of the user's own, by which VMs are chosen. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
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

/** A VM as it was at one moment. */
export interface SnapshotView {
  readonly id: string;
  readonly name: string;
  readonly vm: string;
  readonly created_at: number;
  /** The one before it, unless the VM was new. */
  readonly parent?: string | undefined;
  /** The VM was last saved as this one, or brought back to it. */
  readonly current: boolean;
  /** It has the VM's memory, and not only its disk. */
  readonly memory: boolean;
  /** The frozen layer that its disk is. */
  readonly layer: string;
  /** Of the host's disk: of this layer alone, and of the memory. */
  readonly disk_bytes: number;
  readonly memory_bytes: number;
  /** How long the VM stood still; in the answer to `vm.snapshot.create` of one that ran. */
  readonly pause_ms?: number | undefined;
}

/** A part of disks that nothing writes to any more. */
export interface LayerView {
  readonly id: string;
  readonly parent?: string | undefined;
  readonly created_at: number;
  readonly bytes: number;
  /** What stands on it: `vm NAME`, `snapshot NAME`, `layer ID`. Without any it is removed. */
  readonly dependants: readonly string[];
  readonly file: string;
}

/** A command for the guest: an argument vector, never a shell line. */
export interface ExecRequest {
  /** Absent: what the image runs, of `vm.run`; else the user's login shell. */
  readonly argv?: readonly string[] | undefined;
  /** `NAME=value` */
  readonly env?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  readonly user?: string | undefined;
  readonly pty?: { readonly rows: number; readonly columns: number } | undefined;
  /** False closes the command's standard input at once. */
  readonly stdin?: boolean | undefined;
  /** What becomes of the command when its client goes away; `keep` when absent, `kill` is SIGHUP and after 5 s SIGKILL. */
  readonly on_disconnect?: 'keep' | 'kill' | undefined;
  /** Not the session that a VM which removes itself is there for. */
  readonly attendant?: boolean | undefined;
}

/** A copy between the host and the guest; its records go over the vmhost's socket. */
export interface CopyRequest {
  readonly direction: 'into' | 'out';
  /** In the guest; relative to the user's home, which an empty one is. */
  readonly path: string;
  /** Into the guest: the name below a path that is a directory; absent: the copied tree joins that directory. */
  readonly rename?: string | undefined;
  /** Whose permissions count, and into the guest who owns the copy: `name`, `uid`, `name:group`, `uid:gid`; default root. */
  readonly user?: string | undefined;
  /** Into the guest: the path must be a directory. */
  readonly directory_only?: boolean | undefined;
  /** Out of the guest: a symlink at the path itself is followed. */
  readonly follow?: boolean | undefined;
}

/** A connection to a port of the guest; its bytes go over the vmhost's socket. */
export interface ConnectRequest {
  /** A TCP port of the guest's own, on 127.0.0.1 or ::1. */
  readonly port: number;
  /** The command whose stdin and stdout the connection is, in place of what listens there. */
  readonly command?: PortCommand | undefined;
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
  readonly ended_at?: number | undefined;
  readonly pty?: boolean | undefined;
  /** Bytes of output so far, both streams together: the offset after the latest one. */
  readonly output_bytes?: number | undefined;
  /** Offset of the oldest byte that is still kept. */
  readonly output_from?: number | undefined;
}

/** Counters since the guest booted, and levels. What the guest's kernel does not tell is absent. */
export interface GuestStats {
  readonly uptime_ms?: number | undefined;
  /** Milliseconds of all CPUs together. */
  readonly cpu_busy_ms?: number | undefined;
  readonly cpu_idle_ms?: number | undefined;
  readonly cpus?: number | undefined;
  readonly memory_total_bytes?: number | undefined;
  readonly memory_available_bytes?: number | undefined;
  readonly swap_total_bytes?: number | undefined;
  readonly swap_free_bytes?: number | undefined;
  /** Processes and their threads. */
  readonly tasks?: number | undefined;
  /** Average of the last minute. */
  readonly load?: number | undefined;
  /** All interfaces but the loopback. */
  readonly received_bytes?: number | undefined;
  readonly sent_bytes?: number | undefined;
  readonly disk_read_bytes?: number | undefined;
  readonly disk_written_bytes?: number | undefined;
  readonly root_total_bytes?: number | undefined;
  readonly root_available_bytes?: number | undefined;
}

/** A process of the host that works for a VM. */
export interface HostProcessStats {
  readonly pid: number;
  readonly cpu_ms: number;
  /** Its share of the memory (PSS). */
  readonly memory_bytes: number;
}

export interface VmStats {
  readonly name: string;
  readonly state: VmState;
  /** When the sample was taken. */
  readonly at: number;
  readonly guest?: GuestStats | undefined;
  /** Why there is nothing of the guest. */
  readonly missing?: string | undefined;
  readonly vmhost?: HostProcessStats | undefined;
  readonly qemu?: HostProcessStats | undefined;
  /** What the VM's own disk takes of the host's. */
  readonly disk_bytes?: number | undefined;
}

/** A port that something in the guest listens on. */
export interface ListenerView {
  readonly protocol: 'tcp' | 'udp';
  /** `0.0.0.0` and `::` are all addresses. */
  readonly address: string;
  readonly port: number;
  readonly uid: number;
  readonly pid?: number | undefined;
  /** The name of the process, as it says itself. */
  readonly command?: string | undefined;
  /** Where the host publishes it. */
  readonly published: readonly PublishedPortView[];
}

export interface PublishedPort extends PublishedPortView {
  /** Whether something in the guest hears what arrives there. */
  readonly reached: 'yes' | 'no_listener' | 'loopback_only';
}

export interface VmPorts {
  readonly listeners: readonly ListenerView[];
  readonly published: readonly PublishedPort[];
  /** Listeners beyond those that are shown. */
  readonly more: number;
}

export type LogSource = 'console' | 'vmhost' | 'qemu';

declare module '@nook/daemonapi' {
  interface RpcMethods
    extends OperationMethods<
        'vm.create',
        VmRequest & {
          readonly start?: boolean | undefined;
          /** Of a VM that removes itself: it goes, too, when no session but attendant ones begins. */
          readonly expect_session?: boolean | undefined;
        },
        VmView
      >,
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
    /** `discard_ram`: a suspended VM is booted from its disk, and its memory thrown away. */
    'vm.start': RpcMethod<{ readonly name: string; readonly discard_ram?: boolean | undefined }, VmView>;
    /** The VM ends, with its memory and its sessions saved: `vm.resume` and `vm.start` take it up where it was. */
    'vm.suspend': RpcMethod<{ readonly name: string }, VmView>;
    /** `pause_ms`: how long the VM stood still, when it ran. `unpublished`: so many ports of it are not the copy's. */
    'vm.fork': RpcMethod<
      { readonly name: string; readonly copy?: string | undefined },
      { readonly vm: VmView; readonly pause_ms?: number | undefined; readonly unpublished: number }
    >;
    'vm.snapshot.create': RpcMethod<
      { readonly name: string; readonly snapshot: string; readonly disk_only?: boolean | undefined },
      SnapshotView
    >;
    'vm.snapshot.list': RpcMethod<{ readonly name: string }, readonly SnapshotView[]>;
    /** The VM must not run or be suspended, unless `force` is given. One with memory runs afterwards. */
    'vm.snapshot.restore': RpcMethod<
      {
        readonly name: string;
        readonly snapshot: string;
        readonly force?: boolean | undefined;
        readonly disk_only?: boolean | undefined;
      },
      VmView
    >;
    'vm.snapshot.remove': RpcMethod<
      { readonly name: string; readonly snapshot: string },
      { readonly snapshot: string }
    >;
    'vm.layer.list': RpcMethod<Record<never, never>, readonly LayerView[]>;
    'vm.stop': RpcMethod<{ readonly name: string; readonly timeout_seconds?: number | undefined }, VmView>;
    'vm.pause': RpcMethod<{ readonly name: string }, VmView>;
    'vm.resume': RpcMethod<{ readonly name: string }, VmView>;
    'vm.kill': RpcMethod<
      {
        readonly name: string;
        /** Sent to the process of the machine, and of no other: `TERM`, `SIGTERM` or its number. Absent: it ends at once. */
        readonly signal?: string | undefined;
      },
      VmView
    >;
    'vm.restart': RpcMethod<{ readonly name: string; readonly timeout_seconds?: number | undefined }, VmView>;
    'vm.delete': RpcMethod<{ readonly name: string; readonly force?: boolean | undefined }, { readonly name: string }>;
    /** In the order in which they were created. */
    'vm.list': RpcMethod<
      Page<Pick<VmView, 'created_at' | 'id'>> & {
        /** `label=KEY[=VALUE]`, `state=STATE`, `image=NAME`, `name=GLOB`; all of them hold. */
        readonly filter?: readonly string[] | undefined;
      },
      readonly VmView[]
    >;
    /** Gives a feature of the VM another part. */
    'vm.feature.set': RpcMethod<{ readonly name: string; readonly feature: string; readonly part: unknown }, VmView>;
    'vm.show': RpcMethod<{ readonly name: string }, VmView>;
    'vm.stats': RpcMethod<
      {
        /** Absent: all VMs that run. */
        readonly names?: readonly string[] | undefined;
      },
      readonly VmStats[]
    >;
    'vm.ports': RpcMethod<{ readonly name: string }, VmPorts>;
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
    'vm.copy': RpcMethod<CopyRequest & { readonly name: string }, SessionHandle>;
    'vm.connect': RpcMethod<
      {
        readonly name: string;
        readonly port: number;
        /** To what listens there, although a plugin answers that port. */
        readonly direct?: boolean | undefined;
      },
      SessionHandle
    >;
    'vm.exec.signal': RpcMethod<
      {
        readonly name: string;
        readonly session: string;
        /** `TERM`, `SIGTERM` or its number; goes to the session's process group. */
        readonly signal: string;
      },
      { readonly session: string }
    >;
    'vm.exec.kill': RpcMethod<{ readonly name: string; readonly session: string }, { readonly session: string }>;
    'vm.exec.list': RpcMethod<{ readonly name: string }, readonly SessionView[]>;
  }

  interface Events {
    'vm.state': { readonly name: string; readonly id: string; readonly state: VmState; readonly cause?: string };
    /**
     * Its guest takes commands: it came up (`booted`: nothing runs there yet), goes on after a suspend, or was found so by a
     * daemon that started.
     */
    'vm.reachable': { readonly name: string; readonly id: string; readonly booted: boolean };
    'vm.removed': { readonly name: string; readonly id: string };
    /** Told before the copy starts; `from`: id of the VM that it is a copy of. */
    'vm.forked': { readonly name: string; readonly id: string; readonly from: string };
  }

  interface Provides {
    vms: VmsCapability;
    scopes: ScopesCapability;
  }

  interface Needs {
    vm: { images: ImagesNeed; kernels: KernelsNeed; network: NetworkNeed };
  }
}

/** Where systemd makes the VMs' scopes, it makes others as well. */
export interface ScopesCapability {
  /**
   * Puts processes into a scope of their own, so that they do not end with the daemon's unit; elsewhere they stay where they are.
   * @throws NookError `operation_failed` when systemd does not do so
   */
  enter(scope: {
    /** `NAME.scope` */
    readonly unit: string;
    readonly description: string;
    readonly pids: readonly number[];
  }): Promise<void>;
}

export interface VmsCapability {
  /** Names of the VMs whose disk stands on this image. */
  imageUsers(digest: string): readonly string[];
  /** Names of the VMs that boot this kernel. */
  kernelUsers(digest: string): readonly string[];
  /** The name of the VM with this id; undefined: there is none. */
  nameOf(id: string): string | undefined;
  /** What its network is now. @throws NookError `not_found` */
  networkOf(name: string): NetworkedMachine;
  /** The id of the VM with this name. @throws NookError `not_found` */
  idOf(name: string): string;
  /**
   * Begins a command in a VM that runs: a session with nobody attached. With a `key`, a session of this boot that was begun
   * with it is the answer, so that whoever may have begun it can ask again.
   * @throws NookError `not_found`, `not_running`
   */
  startSession(
    id: string,
    command: ExecRequest & { readonly key?: string },
    caller: SessionCaller,
  ): Promise<SessionIdentity>;
  /**
   * Settles when a session has ended, however long that takes; at once of one that has.
   * @throws NookError `not_found` when the VM has no such session any more; anything else when the VM is out of reach
   */
  sessionEnd(id: string, session: SessionIdentity, caller: SessionCaller): Promise<SessionEnded>;
  /** @param signal `TERM`, `SIGTERM` or its number @throws NookError `not_running` when it has ended */
  signalSession(id: string, session: SessionIdentity, signal: string, caller: SessionCaller): Promise<void>;
  /**
   * Has `change` say what a VM's network is from now on, while no other verb does anything with the VM, and writes it down.
   * @throws NookError `not_found`, and what `change` throws
   */
  changeNetwork(name: string, change: (vm: ChangingVm) => Promise<NetworkSpec>): Promise<void>;
}

interface SessionCaller {
  readonly opId: string;
  readonly signal: AbortSignal;
}

/** Of all sessions that a VM ever has, this one: a boot counts them anew. */
export interface SessionIdentity {
  readonly session: string;
  readonly token: string;
}

export interface SessionEnded {
  /** As of `nook vm exec`; undefined when the VM ended under it. */
  readonly exit_code?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly ended_at: number;
}

interface NetworkedMachine {
  readonly id: string;
  /** Running or paused. */
  readonly up: boolean;
  readonly network: NetworkSpec;
}

interface ChangingVm extends NetworkedMachine {
  /** While it is up on network `user`: these ports of the host, and no others, lead into it from now on. */
  forward(forwards: readonly HostForward[], opId: string): Promise<void>;
}

interface Ensure {
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

interface ImagesNeed {
  defaultImage(): string;
  /** Refuses an image whose file is no longer what it was; absent where that cannot be. */
  verify?(digest: string, signal: AbortSignal): Promise<void>;
  ensure(
    reference: string,
    options: Ensure,
  ): Promise<{
    readonly name: string;
    readonly digest: string;
    readonly path: string;
    readonly size_bytes: number;
    readonly config?: ImageConfig;
  }>;
}

interface KernelsNeed {
  ensure(
    reference: string | undefined,
    options: Ensure,
  ): Promise<{
    readonly digest: string;
    readonly release: string;
    readonly vmlinux: string;
    readonly modules: string;
    readonly initrd: string | null;
  }>;
}

/** The part of a network that a VM's record keeps. */
export interface NetworkSpec {
  readonly mode: 'user' | 'none' | 'bridge';
  readonly publish: readonly HostForward[];
  readonly name?: string | undefined;
  readonly address?: string | undefined;
  readonly address6?: string | undefined;
  readonly egress?: VmEgress | undefined;
  readonly own?: boolean | undefined;
}

export interface HostForward {
  readonly protocol: 'tcp' | 'udp';
  readonly host_address: string;
  readonly host_port: number;
  readonly guest_port: number;
}

export interface NetworkPlan {
  readonly mode: 'user' | 'none' | 'tap';
  readonly host_forwards: readonly HostForward[];
  readonly guest: {
    readonly address: string;
    readonly gateway?: string | undefined;
    readonly address6?: string | undefined;
    readonly gateway6?: string | undefined;
    readonly mtu?: number | undefined;
    readonly dns: readonly string[];
    readonly search?: string | undefined;
  } | null;
  readonly place?: NetworkPlace | undefined;
  readonly up?: Promise<void> | undefined;
}

/** Where a VM joins a network of several: its nethost's socket, and what it is there. */
export interface NetworkPlace {
  readonly socket: string;
  readonly address: string;
  readonly address6: string;
  readonly publish: readonly HostForward[];
}

interface NetworkedVm {
  readonly id: string;
  readonly name: string;
  readonly mac: string;
  readonly opId: string;
}

interface NetworkNeed {
  check(request: {
    mode?: string | undefined;
    publish?: readonly string[] | undefined;
    ip?: string | undefined;
    egress?: 'open' | 'deny' | 'allow' | 'audit' | undefined;
    allow?: readonly string[] | undefined;
  }): NetworkSpec;
  choosePorts(spec: NetworkSpec, exposed?: readonly string[]): Promise<NetworkSpec>;
  allocate(vm: string, spec: NetworkSpec): NetworkSpec;
  release(vm: string): void;
  plan(spec: NetworkSpec, vm: NetworkedVm): Promise<NetworkPlan>;
  unplan(spec: NetworkSpec, vm: NetworkedVm): Promise<void>;
}
