import type { DoctorFinding } from './extension-points.ts';
import type { StandardSchema } from './standard-schema.ts';
import type { MachineDrive } from './vm-driver.ts';

/**
 * A part that a plugin takes in the life of VMs, contributed to `vm.feature`. The plugin that runs VMs knows nothing of
 * it: it calls these hooks, all of them optional, for every VM that the feature takes part in. Which those are is decided
 * when a VM is created, and kept in its record.
 *
 * **Order.** A start calls `prepareHost` and `machine` of all features in sorted order of their plugins' names, starts
 * the machine, and calls `postStart` of all in the same order. `cleanup` is called in the reverse. Hooks of one VM never
 * overlap, except for `doctor`; those of different VMs do.
 *
 * **Deadlines.** Each hook gets a signal that is aborted when its deadline has passed, when the caller gives up, or when
 * what it works for is gone, with a `NookError` as the reason. It is waited for a moment longer, so that what it has
 * begun can be undone in order, and then no more.
 *
 * **Errors.** What a hook throws reaches the caller with the feature's name before it; a `NookError` keeps its code, hint
 * and details, anything else is `operation_failed`. A start that fails in any hook is undone: the machine is ended, then
 * `cleanup` is called.
 *
 * **When.** As capabilities, hooks may be called from the end of everyone's `setup` to the beginning of `dispose`. They
 * never wait for their own plugin's `start`.
 *
 * @typeParam Part what the feature keeps of its part of a request
 */
export interface VmFeature<Part = unknown> {
  /**
   * Unique among the features of a daemon: a label (`seed-drive`) or dotted ones (`acme.audit`), at most 63 characters.
   * The key of its part in a request, and what errors, `vm.show` and the start's steps call it.
   */
  readonly name: string;
  /**
   * Schema of the feature's part of a request. What it makes of the part is kept in the VM's record as JSON, given back to
   * every hook, and shown by `vm.show`: so no secret belongs in it. A record outlives upgrades: a later version of the
   * feature must understand what the schema of an earlier one has made. Without a schema the part must be `{}`.
   */
  readonly schema?: StandardSchema<unknown, Part>;
  /**
   * `asked`, when absent: in VMs whose request names the feature. `always`: in every VM that is created; a part that is
   * absent from the request is validated as `{}`.
   */
  readonly takesPart?: 'asked' | 'always';
  /** Milliseconds for each hook; 30 000 when absent. */
  readonly deadlines?: { readonly [H in FeatureHook]?: number };

  /**
   * A VM is about to be recorded, or its part to be replaced: the part fits the schema, nothing exists yet. Looks, and
   * changes nothing. Refuse with `bad_params` (the request cannot be met) or `unavailable` (not on this host, not now).
   */
  preflight?(request: FeatureRequest<Part>, signal: AbortSignal): void | Promise<void>;

  /**
   * The VM starts, and is no machine yet. Makes what the machine is to find on the host.
   * What must outlive the daemon is a file or a process of its own: the machine outlives it as well.
   */
  prepareHost?(vm: FeatureVm<Part>, signal: AbortSignal): void | Promise<void>;

  /**
   * What the machine is to have more. Pure, and called after `prepareHost`: the same VM gives the same answer, nothing is
   * read or written.
   */
  machine?(vm: FeatureVm<Part>): MachineContribution;

  /**
   * The guest takes commands; nobody else was given it yet. The start is complete when this has returned for all
   * features; a VM that ends meanwhile aborts the signal. A daemon that dies before ends the VM when it comes back.
   */
  postStart?(vm: FeatureVm<Part>, guest: FeatureGuest, signal: AbortSignal): void | Promise<void>;

  /**
   * The machine is gone: undoes what `prepareHost` and `postStart` did outside of the guest and of the feature's folder,
   * which is removed afterwards. Idempotent, and safe without any other hook before it.
   *
   * Called after a stop, however the machine ended; after a failed start; before the VM is removed; and when the daemon
   * starts, for VMs that ended while it was away. One that fails is called again: before the next start, before the
   * removal (which fails with it, unless forced), and when the daemon starts. The caller cannot cancel it.
   */
  cleanup?(vm: FeatureVm<Part>, signal: AbortSignal): void | Promise<void>;

  /**
   * The VM runs and something of it is to change; `vm.part` is as before. The change is recorded when this has returned.
   * A feature without this hook cannot be changed while its VM runs.
   */
  applyChange?(vm: FeatureVm<Part>, change: FeatureChange<Part>, signal: AbortSignal): void | Promise<void>;

  /** What a look at this VM finds; part of `nook doctor`. Changes nothing. No finding means that all is well. */
  doctor?(vm: FeatureVm<Part>, signal: AbortSignal): readonly DoctorFinding[] | Promise<readonly DoctorFinding[]>;
}

export type FeatureHook = 'preflight' | 'prepareHost' | 'machine' | 'postStart' | 'cleanup' | 'applyChange' | 'doctor';

/** What is asked for, with the defaults filled in. */
export interface FeatureRequest<Part = unknown> {
  readonly name: string;
  /** As it was written: the image may not be there yet. */
  readonly image: string;
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly part: Part;
}

/** A VM as its features see it. */
export interface FeatureVm<Part = unknown> {
  /** Never given to another VM, and the same for all its life, whatever becomes of its name. */
  readonly id: string;
  readonly name: string;
  /** `removing`: what `cleanup` leaves of this VM now, nobody asks for any more. */
  readonly state: 'off' | 'starting' | 'running' | 'removing';
  /** Number of the latest start, counted from 1; 0 before the first. */
  readonly boot: number;
  readonly image: string;
  readonly image_digest: string;
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly disk_bytes: number;
  /**
   * A folder for this feature and this VM alone, mode 0700, made before `prepareHost` and removed after `cleanup`.
   * QEMU reads drives in it whatever user it runs as.
   */
  readonly dir: string;
  readonly part: Part;
}

/** What a feature adds to a machine: plain data that knows no driver. Of any other field the start fails. */
export interface MachineContribution {
  /** Words for the kernel's command line, each without white space and quotes; 1 024 characters for all features together. */
  readonly kernel_args?: readonly string[];
  /** Drives, after the VM's own disk. Which device names they get is the guest's affair: find them by their serial. */
  readonly drives?: readonly MachineDrive[];
}

/** What a feature may do with a guest that runs. */
export interface FeatureGuest {
  /**
   * Runs a command to its end, as a session of its own, which is not the VM's. A hook whose time is over takes its
   * commands along.
   * @throws NookError `timeout`; `operation_failed` when there was too much output or the VM ended; the command is killed
   */
  exec(command: GuestCommand): Promise<GuestCommandResult>;
}

export interface GuestCommand {
  /** An argument vector, never a shell line. */
  readonly argv: readonly string[];
  /** `NAME=value` */
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly user?: string;
  /** What the command finds on standard input; nothing when absent. */
  readonly stdin?: string | Uint8Array;
  /** Milliseconds; 30 000 when absent, and never more than the hook has. */
  readonly timeout_ms?: number;
  /** The most that stdout and stderr together may be; 1 MiB when absent. */
  readonly output_bytes?: number;
}

export interface GuestCommandResult {
  /** The command's own, 128+N for signal N, 127 not found, 126 not executable. */
  readonly exit_code: number;
  /** Read as UTF-8. */
  readonly stdout: string;
  readonly stderr: string;
}

/** What changes while a VM runs. More kinds may come: refuse those that you do not know with `unavailable`. */
export interface FeatureChange<Part = unknown> {
  readonly kind: 'part';
  /** What the schema made of the new part. */
  readonly part: Part;
  readonly guest: FeatureGuest;
}
