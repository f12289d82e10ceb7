/** When a VM ends and comes back without being asked; part of what a new VM is to be. */
export interface LifeRequest {
  /** `no` (default), `on-failure`, `on-failure:MAX` or `always`: whether it is started again when it ends by itself. */
  readonly restart?: string | undefined;
  /** It is started with the daemon when it is meant to run and does not, e.g. after a reboot of the host. */
  readonly autostart?: boolean | undefined;
  /** Stopped after so long without a session: seconds, or `30m`, `1h30m`; 0 or `off`: never. */
  readonly idle_timeout?: string | number | undefined;
  /** Stopped when it has run for so long since its start, the time for which it was suspended not counted; as above. */
  readonly max_duration?: string | number | undefined;
}

export interface LifeView {
  /** As in the request. */
  readonly restart: string;
  readonly autostart: boolean;
  readonly idle_timeout_seconds?: number | undefined;
  readonly max_duration_seconds?: number | undefined;
  /** What it is meant to be, by the latest start or stop that was asked for. */
  readonly desired: 'running' | 'stopped';
  /** Times that it was started again by itself since it was last asked to start. */
  readonly restarts: number;
  readonly next_restart_at?: number | undefined;
  /** Of the latest end: how the machine's process ended, how far its start had come, and what the console last said. */
  readonly exit_code?: number | undefined;
  readonly signal?: string | undefined;
  readonly last_phase?: string | undefined;
  /** Of a failed VM in `vm.show` only. */
  readonly console_tail?: readonly string[] | undefined;
}
