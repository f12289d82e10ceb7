/** Where things are kept. All absolute, all 0700 and present before `setup` runs. */
export interface Dirs {
  /** Durable state of this home: the store, one folder per VM. */
  readonly state: string;
  /** What can be made again: accelerator verdicts, initramfs files. */
  readonly cache: string;
  /** Sockets, locks, pid files; gone after a reboot. */
  readonly run: string;
  readonly config: string;
  /** The immutable store of images and kernels, which several homes may share. */
  readonly images: string;
}

/** Time, passed in so that code which depends on it can be tested. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** Monotonic milliseconds, for durations. */
  monotonic(): number;
}

export interface VersionInfo {
  readonly version: string;
  /** Abbreviated git commit of the build, or `unknown`. */
  readonly commit: string;
  /** ISO 8601, or `unknown`. */
  readonly build_time: string;
}
