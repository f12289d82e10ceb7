import type { MachineSpec, VmDriver } from '@nook/daemonapi';
import type { GuestInit, NetworkPlace, NetworkPlan } from '../contract.ts';
import type { LifeLimits } from '../supervision/life.ts';

/** File names in a VM's folder. */
export const VM_FILES = {
  spec: 'spec.json',
  socket: 'vmhost.sock',
  pid: 'vmhost.pid',
  log: 'vmhost.log',
  /** How the latest boot ended; absent while a vmhost runs. */
  ended: 'ended.json',
  /** Holds what the machine's process may write to: the disk and its sockets. */
  machine: 'machine',
} as const;

/** In {@link VM_FILES.machine}. */
export const DISK_FILE = 'disk.qcow2';
/** How long a root file system has to fill its disk: one that grows by terabytes takes seconds under emulation. */
export const FILL_MS = 15_000;

/** The console's log of one boot. */
export function consoleFile(boot: number): string {
  return `console-${boot}.log`;
}

/** The boot whose console a file holds, also the older half of it; undefined for other files. */
export function bootOf(file: string): number | undefined {
  const match = /^console-(\d+)\.log(?:\.1)?$/.exec(file);
  return match ? Number(match[1]) : undefined;
}

/** What the daemon tells a vmhost: the whole of `spec.json`. */
export interface HostSpec extends LifeLimits {
  /** Version of this file and of the vmhost's control protocol. */
  readonly version: 1;
  readonly id: string;
  /** Random; stands in the vmhost's argv too, so that a process can be told from one that got its pid later. */
  readonly token: string;
  readonly op_id: string;
  /** Counted from 1. */
  readonly boot: number;
  readonly driver: DriverSpec;
  readonly machine: MachineSpec;
  readonly identity: GuestIdentity;
  /** What the agent makes of the machine's network card; null: nothing. */
  readonly guest_network: NetworkPlan['guest'];
  /** The network of several VMs that it joins. */
  readonly network_place?: NetworkPlace | undefined;
  readonly auto_remove: boolean;
  readonly init: GuestInit;
  /** Where the guest mounts the machine's shares. */
  readonly guest_mounts: readonly { readonly tag: string; readonly target: string; readonly read_only: boolean }[];
  /** The disk is smaller, and has so many bytes before the guest is ready. */
  readonly grow_disk?: number | undefined;
  /** Nobody but the daemon that started it knows of it: it ends when that lets go. */
  readonly ends_with_daemon?: boolean | undefined;
  /** Absolute: the folder of the saved machine that it goes on from; removed once its guest answers. */
  readonly saved?: string | undefined;
  /** It waits in the pool to become somebody's VM. */
  readonly pooled?: boolean | undefined;
  /** Directory of the cgroup that the daemon put it into and removes. */
  readonly cgroup?: string | undefined;
  /** A session follows the start at once; a machine that is to be removed and gets none is ended. */
  readonly session_expected: boolean;
  /** So much later than usual, since features may have work to do first; absent: 0. */
  readonly session_delay_ms?: number | undefined;
  /** Milliseconds from the machine's start to a guest that is ready. */
  readonly boot_deadline_ms: number;
}

/** The driver that the daemon chose, as far as its machine's process needs it. */
export type DriverSpec = Pick<VmDriver, 'name' | 'title' | 'engine' | 'capabilities'>;

/** What turns a machine of the pool into a VM. */
export interface ClaimSpec
  extends LifeLimits,
    Pick<HostSpec, 'op_id' | 'identity' | 'guest_network' | 'auto_remove' | 'session_expected'> {
  readonly network: Pick<MachineSpec['network'], 'mode' | 'host_forwards'>;
}

interface GuestIdentity {
  readonly hostname: string;
  readonly machine_id: string;
}

/** `ended.json` */
export interface HostEnd {
  readonly token: string;
  readonly boot: number;
  readonly state: 'stopped' | 'failed' | 'suspended';
  readonly cause: string;
  /** It was told to end, by a stop or a signal, or a limit of its own was reached; absent: it ended by itself. */
  readonly ended_by?: 'asked' | 'signal' | 'limit' | undefined;
  readonly exit_code?: number | undefined;
  readonly signal?: string | undefined;
  readonly last_phase: HostPhase;
  readonly console_tail: readonly string[];
  readonly at: number;
}

/** In order of a start; `ready` is where commands can be run. */
export type HostPhase = 'launch' | 'machine' | 'kernel' | 'agent' | 'ready' | 'stopping' | 'ended';

export interface PhaseMark {
  readonly phase: HostPhase;
  /** Milliseconds since the vmhost began. */
  readonly at_ms: number;
}

/** What a vmhost says of itself: the answer to `info`, and each event of `watch`. */
export interface HostStatus {
  readonly phase: HostPhase;
  readonly state: 'starting' | 'running' | 'paused' | 'stopping' | 'stopped' | 'failed' | 'suspended';
  readonly pid: number;
  /** It is nobody's VM yet. */
  readonly pooled?: boolean | undefined;
  readonly qemu_pid?: number | undefined;
  readonly boot: number;
  readonly marks: readonly PhaseMark[];
  readonly end?: HostEnd | undefined;
}
