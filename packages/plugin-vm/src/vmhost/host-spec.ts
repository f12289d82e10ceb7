import type { GuestInit } from '../contract.ts';
import type { MachineSpec } from '../driver/machine-spec.ts';
import type { QemuUser } from '../driver/spawn-qemu.ts';

/** File names in a VM's folder. */
export const VM_FILES = {
  spec: 'spec.json',
  socket: 'vmhost.sock',
  pid: 'vmhost.pid',
  log: 'vmhost.log',
  /** How the latest boot ended; absent while a vmhost runs. */
  ended: 'ended.json',
  /** Holds what QEMU may write to: the overlay and its sockets. */
  machine: 'machine',
} as const;

/** The console's log of one boot. */
export function consoleFile(boot: number): string {
  return `console-${boot}.log`;
}

/** What the daemon tells a vmhost: the whole of `spec.json`. */
export interface HostSpec {
  /** Version of this file and of the vmhost's control protocol. */
  readonly version: 1;
  readonly id: string;
  /** Random; stands in the vmhost's argv too, so that a process can be told from one that got its pid later. */
  readonly token: string;
  readonly op_id: string;
  /** Counted from 1. */
  readonly boot: number;
  readonly machine: MachineSpec;
  readonly identity: GuestIdentity;
  /** QEMU runs as this user; absent: as the vmhost does. */
  readonly run_as?: QemuUser | undefined;
  readonly auto_remove: boolean;
  readonly init: GuestInit;
  /** A session follows the start at once; a machine that is to be removed and gets none is ended. */
  readonly session_expected: boolean;
  /** Milliseconds from QEMU's start to a guest that is ready. */
  readonly boot_deadline_ms: number;
}

interface GuestIdentity {
  readonly hostname: string;
  readonly machine_id: string;
}

/** `ended.json` */
export interface HostEnd {
  readonly token: string;
  readonly boot: number;
  readonly state: 'stopped' | 'failed';
  readonly cause: string;
  readonly exit_code?: number | undefined;
  readonly signal?: string | undefined;
  readonly last_phase: HostPhase;
  readonly console_tail: readonly string[];
  readonly at: number;
}

/** In order of a start; `ready` is where commands can be run. */
export type HostPhase = 'launch' | 'qemu' | 'kernel' | 'agent' | 'ready' | 'stopping' | 'ended';

export interface PhaseMark {
  readonly phase: HostPhase;
  /** Milliseconds since the vmhost began. */
  readonly at_ms: number;
}

/** What a vmhost says of itself: the answer to `info`, and each event of `watch`. */
export interface HostStatus {
  readonly phase: HostPhase;
  readonly state: 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';
  readonly pid: number;
  readonly qemu_pid?: number | undefined;
  readonly boot: number;
  readonly marks: readonly PhaseMark[];
  readonly end?: HostEnd | undefined;
}
