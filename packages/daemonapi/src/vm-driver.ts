import type { Duplex } from 'node:stream';
import type { Logger } from './logger.ts';

/**
 * What a driver may be able to do beyond what each must. The set is closed; a driver declares what is true of it, and
 * what it does not declare is refused with its name and never asked of its machines.
 *
 * | capability     | what it promises                                                                                      |
 * | -------------- | ----------------------------------------------------------------------------------------------------- |
 * | `disk_resize`  | {@link StartedMachine.growDisk}                                                                         |
 * | `disk_snapshot` | {@link StartedMachine.switchDisk}                                                                      |
 * | `drives`       | {@link MachineSpec.drives}                                                                              |
 * | `mount_9p`     | {@link MachineSpec.shares}                                                                              |
 * | `network_connect` | {@link StartedMachine.connectNetwork}                                                                |
 * | `pause`        | {@link StartedMachine.pause} and {@link StartedMachine.resume}                                          |
 * | `port_forwards` | {@link StartedMachine.setForwards}                                                                    |
 * | `powerdown`    | {@link StartedMachine.powerdown}: the guest hears of a pressed power button                             |
 * | `signal`       | {@link RunningMachine.signal}                                                                           |
 * | `ram_snapshot` | {@link StartedMachine.saveState} and {@link MachineSpec.resume}                                         |
 * | `tap_network` | networks of mode `tap`: the card is the tap whose descriptor is given                            |
 * | `user_network` | plans of mode `user`: the guest reaches out through the host, and `host_forwards` lead into it          |
 */
export type VmDriverCapability =
  | 'disk_resize'
  | 'disk_snapshot'
  | 'drives'
  | 'mount_9p'
  | 'network_connect'
  | 'pause'
  | 'port_forwards'
  | 'powerdown'
  | 'ram_snapshot'
  | 'signal'
  | 'tap_network'
  | 'user_network';

/** How virtio devices hang on a driver's machines: what the guest must have modules for. */
export type VmDeviceBus = 'pci' | 'mmio';

/**
 * What runs machines: contributed to the point `vm.driver`. It has two halves. This one lives in the daemon and prepares
 * a start; its {@link engine} is loaded by the process that owns one machine and outlives the daemon.
 */
export interface VmDriver {
  /** Unique among the drivers; `[vm] driver` in config.toml, and each VM's record, name it. */
  readonly name: string;
  /** As people call it, e.g. `QEMU`: begins the sentence that says how a machine ended. */
  readonly title: string;
  readonly capabilities: readonly VmDriverCapability[];
  readonly devices: VmDeviceBus;
  /**
   * File URL of an ES module whose exports are a {@link MachineEngine}. Node imports it as it is: JavaScript, or below no
   * `node_modules` TypeScript without anything that must be compiled. `import.meta.resolve('my-package/engine')`, of an
   * entry of the package's own, is right from sources, installed, and in a bundle (which makes a file of it).
   */
  readonly engine: string;
  /**
   * Names (the last part of `argv[0]`) of the programs that a machine's process may be. One that was left behind is
   * known by such a name together with the VM's folder as an argument of its own, and is killed.
   */
  readonly programs: readonly string[];
  /**
   * Called once for each start, before the disk is made. Finds out what the machine is going to be, the first time
   * perhaps by booting something; callers at the same time may share that.
   * @throws NookError `unavailable` when this host lacks something, with a hint
   */
  prepare(request: VmDriverRequest, signal: AbortSignal): Promise<VmDriverSetup>;
}

export interface VmDriverRequest {
  readonly kernel: MachineKernel;
  /** The user that the machine's process is to be; absent: the daemon's own. */
  readonly run_as?: MachineUser | undefined;
}

/** What a start uses. A state saved under one setup loads under an equal one only. */
export interface VmDriverSetup {
  /** E.g. `kvm`, `tcg`. */
  readonly accelerator: string;
  /** The machine type, e.g. `q35`. */
  readonly machine: string;
  /** The driver's full version, e.g. `7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)`. */
  readonly version: string;
  /** Plain JSON that the engine gets as {@link MachineSpec.settings}. It is kept in the VM's folder: no secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Numbers only: nothing on the host need know the user. Without supplementary groups, but those the driver adds. */
export interface MachineUser {
  readonly uid: number;
  readonly gid: number;
}

/** Booted directly. The machine's user may not be able to walk to these files: open them first. Absolute paths. */
export interface MachineKernel {
  /** An ELF file with a PVH note. */
  readonly vmlinux: string;
  readonly initramfs: string;
  /** Words of its command line, added to those that the driver's machines need. */
  readonly arguments: readonly string[];
}

/** The root disk, seen by the guest as its first virtio block device. */
export interface MachineDisk {
  /** A qcow2 file in {@link MachineSpec.work_dir}, writable by the machine's user. */
  readonly path: string;
  readonly format: 'qcow2';
  /** What it stands on, the lowest first. Immutable, shared with other machines; open them first, as the kernel. */
  readonly layers: readonly { readonly path: string; readonly format: 'raw' | 'qcow2' }[];
}

/** A drive that a feature adds; the driver escapes what its syntax needs escaped. */
export interface MachineDrive {
  /** Absolute; a regular file that is there when the machine starts. Open it first, as the kernel. */
  readonly path: string;
  /** Never guessed. A qcow2 image stands on its own: no backing file is opened. */
  readonly format: 'raw' | 'qcow2';
  readonly read_only: boolean;
  /** In the guest `/sys/block/DEVICE/serial`; 1 to 20 of `A-Z a-z 0-9 . _ -`, unique in the machine. */
  readonly serial: string;
}

/** The one network card. */
export interface MachineNetwork {
  /** 52:54:00:… */
  readonly mac: string;
  /** `none` is a card that leads nowhere. */
  readonly mode: 'none' | 'user' | 'tap';
  readonly host_forwards: readonly {
    readonly protocol: 'tcp' | 'udp';
    readonly host_address: string;
    readonly host_port: number;
    readonly guest_port: number;
  }[];
  /**
   * Mode `tap`: a descriptor of the process that calls {@link MachineEngine.createMachine}, of a tap device with virtio-net
   * headers (`IFF_VNET_HDR`) and without packet information. The machine's process inherits it; the caller closes its own.
   */
  readonly tap_fd?: number | undefined;
}

/**
 * A folder of the host as a virtio-9p device. Whatever user of the guest writes a file, it belongs to the machine's
 * process on the host; what that process may not read, the guest may not either.
 */
export interface MachineShare {
  /** By which the guest knows the device; letters and digits. */
  readonly tag: string;
  /** An absolute path. The machine's user may not be able to walk to it: open it first. */
  readonly path: string;
  /** The host refuses to write, whatever the guest is asked to. */
  readonly read_only: boolean;
}

/** All that an engine makes a machine from. Absolute paths. */
export interface MachineSpec {
  /** The VM's name, a DNS label. */
  readonly name: string;
  /** The VM's folder: an argument of its own in the command line of the machine's process. */
  readonly dir: string;
  /** The one folder that the machine's process may write to, and its working directory. */
  readonly work_dir: string;
  readonly vcpus: number;
  readonly memory_mib: number;
  readonly kernel: MachineKernel;
  readonly disk: MachineDisk;
  /** Capability `drives`: virtio block devices after the disk, in this order; at most five. */
  readonly drives?: readonly MachineDrive[] | undefined;
  readonly network: MachineNetwork;
  /** Capability `mount_9p`. The state of a machine that has any is neither saved nor resumed. */
  readonly shares?: readonly MachineShare[] | undefined;
  readonly run_as?: MachineUser | undefined;
  readonly settings: VmDriverSetup['settings'];
  /**
   * Capability `ram_snapshot`: the machine begins where the saved one was paused, and runs. Its setup, shape and network
   * mode are those of the saved one; nothing is written to these files.
   */
  readonly resume?: MachineState | undefined;
}

/** A machine that stands still, as two files. Absolute paths. */
export interface MachineState {
  /** The guest's memory, sparse. */
  readonly ram: string;
  /** The state of processors and devices. */
  readonly devices: string;
}

/** What the exports of {@link VmDriver.engine} are. */
export interface MachineEngine {
  /**
   * Starts a machine. Resolves when its process is there, long before its guest is. The process must not outlive the one
   * that called this, whatever ends that (`setpriv --pdeathsig KILL`), and is called from its main thread.
   * Called once in a process.
   * @throws when the process cannot be started; nothing of it is left then
   */
  createMachine(spec: MachineSpec, host: MachineHost): Promise<RunningMachine>;
}

/** What a machine tells while it runs. */
export interface MachineHost {
  readonly log: Logger;
  /** Bytes of the guest's serial console, as they come. */
  console(bytes: Buffer): void;
  /** What the machine's process writes to its standard error. */
  stderr(text: string): void;
}

/** A machine's process. Until it has started, it can be killed and nothing else. */
export interface RunningMachine {
  readonly pid: number;
  /**
   * Resolves when the machine takes orders and its guest runs. Rejects with the reason when that will never be.
   * Need not settle once the process has ended.
   */
  readonly started: Promise<StartedMachine>;
  /** Resolves when the process is gone and all that it said was told, never rejects. */
  readonly exited: Promise<MachineExit>;
  /** SIGKILL: certain, and not waited for. */
  kill(): void;
  /**
   * Capability `signal`: sends the process another signal, by its number. What that does is the process's affair.
   * @returns false when the process is gone; no other one that has its pid by now gets the signal
   */
  signal?(number: number): boolean;
}

/** The methods resolve when the order was taken, and reject with a NookError when it was refused or not answered in time. */
export interface StartedMachine {
  /**
   * The virtio-serial port `nook.agent.0`: a reliable stream of bytes. Its end or error is the machine's, told by
   * {@link RunningMachine.exited}.
   */
  readonly agent: Duplex;
  /** Ends the machine without asking the guest, its disk in order as far as the guest has written it. */
  quit(): Promise<void>;
  /** Capability `powerdown`. */
  powerdown?(): Promise<void>;
  /** Capability `pause`. The guest stands still when it resolves. Nothing happens when it does already. */
  pause?(): Promise<void>;
  /** Capability `pause`. Nothing happens when the guest runs. */
  resume?(): Promise<void>;
  /**
   * Capability `ram_snapshot`. Saves the machine as it stands at one moment; from that moment on its guest stands still,
   * until {@link resume}. What can be done before is done before. The disk is not among the files: it must be saved, or
   * left alone, before the guest goes on.
   */
  saveState?(to: MachineState): Promise<SavedState>;
  /**
   * Capability `disk_snapshot`: a paused machine goes on with another disk, a qcow2 file in its
   * {@link MachineSpec.work_dir} that stands on the present one, which is not written to any more.
   */
  switchDisk?(path: string): Promise<void>;
  /**
   * Capability `disk_resize`: the disk has so many bytes from now on, and the guest is told. Never fewer than it has; nothing happens when
   * it has as many already. Also of a machine that is paused.
   */
  growDisk?(bytes: number): Promise<void>;
  /**
   * Capability `network_connect`: the card of a machine whose network is `none` leads somewhere from now on. Called at
   * most once.
   * @throws NookError `operation_failed` when a port of the host is taken
   */
  connectNetwork?(network: Pick<MachineNetwork, 'mode' | 'host_forwards'>): Promise<void>;
  /**
   * Capability `port_forwards`: on a network of mode `user`, these ports of the host lead into the guest from now on, and no
   * others. Also of a machine that is paused.
   * @throws NookError `conflict` when a port of the host is taken; then all is as it was
   */
  setForwards?(forwards: MachineNetwork['host_forwards']): Promise<void>;
}

export interface SavedState {
  /** How much of the memory the machine had to write, in bytes: what it shares with the state that it began from is not counted. */
  readonly bytes: number;
  /** `performance.now()` when the guest stopped. */
  readonly paused_at: number;
}

export interface MachineExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The latest of what the process wrote to its standard error, trimmed. */
  readonly stderr: string;
  /** What the guest did that ended the machine; absent when it was not the guest. */
  readonly guest?: 'poweroff' | 'reboot' | 'panic' | undefined;
}
