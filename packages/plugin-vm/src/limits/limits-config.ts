/** `[vm.limits]` */
export interface LimitsConfig {
  /** `auto`: systemd where it is there, else a cgroup that is delegated, else nothing. */
  readonly by: 'auto' | 'systemd' | 'cgroup' | 'none';
  /** A VM that cannot be held to all three limits is not started. */
  readonly required: boolean;
  /** Bytes, beside the guest's memory. */
  readonly memory_overhead: number;
  /** Beside the guest's CPUs. */
  readonly cpu_overhead: number;
  readonly pids_overhead: number;
}
