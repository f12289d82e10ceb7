import type { Dirs, DoctorFinding, VersionInfo } from '@nook/daemonapi';
import type {} from './events/contract.ts';
import type {} from './openrpc/contract.ts';
import type {} from './operations/contract.ts';

export type Ping = VersionInfo & {
  readonly pid: number;
  /** What this daemon can do that earlier ones could not, for clients that rely on it. */
  readonly features: readonly string[];
};

/**
 * All but `ok`: it does not serve, for the reason given, and everything else runs. `skipped`: it has nothing to do here;
 * `degraded`: it said so itself; `failed`: its setup or start did; `blocked`: one that it needs does not serve.
 */
export type PluginState = 'ok' | 'skipped' | 'degraded' | 'failed' | 'blocked';

export interface PluginStatus {
  readonly name: string;
  readonly version: string;
  readonly state: PluginState;
  readonly reason?: string;
  /** Where its definition was loaded from. */
  readonly from: string;
  /** How long its setup and start took. */
  readonly start_ms: number;
  /** Capabilities that others may call. */
  readonly provides: readonly string[];
  readonly needs: readonly {
    readonly capability: string;
    readonly required: boolean;
    /** The plugin that provides it; absent when none does. */
    readonly provider?: string;
  }[];
  /** Extension point → how much it contributes to it. */
  readonly contributions: Readonly<Record<string, number>>;
  readonly methods: readonly string[];
}

export interface DaemonStatus extends Ping {
  readonly state: 'ok' | 'degraded';
  /** Milliseconds since the Unix epoch. */
  readonly started_at: number;
  readonly uptime_ms: number;
  readonly connections: number;
  readonly socket: string;
  readonly dirs: Dirs;
  readonly plugins: readonly Pick<PluginStatus, 'name' | 'version' | 'state' | 'reason'>[];
}

/** Dotted keys that changed. */
export interface ReloadReport {
  readonly applied: readonly string[];
  /** The daemon goes on with what they were. */
  readonly restart_needed: readonly string[];
}

export interface DoctorReport {
  /** The worst of the findings. */
  readonly status: DoctorFinding['status'];
  readonly findings: readonly (DoctorFinding & { readonly check: string })[];
}

declare module '@nook/daemonapi' {
  interface RpcMethods {
    ping: { readonly params: Record<string, never>; readonly result: Ping };
    /** Answers, then stops the daemon. Running VMs are not touched. */
    shutdown: { readonly params: Record<string, never>; readonly result: { readonly pid: number } };
    'daemon.status': { readonly params: Record<string, never>; readonly result: DaemonStatus };
    'daemon.metrics': {
      readonly params: Record<string, never>;
      /** `text` is in Prometheus' text format. */
      readonly result: { readonly content_type: string; readonly text: string };
    };
    'daemon.doctor': { readonly params: Record<string, never>; readonly result: DoctorReport };
    /** As `daemon.doctor`, and repairs what can be repaired without losing anything. */
    'daemon.repair': { readonly params: Record<string, never>; readonly result: DoctorReport };
    /** Reads config.toml again. Nothing changes when any of it is wrong. */
    'daemon.reload': { readonly params: Record<string, never>; readonly result: ReloadReport };
    'plugin.show': { readonly params: { readonly name: string }; readonly result: PluginStatus };
    'plugin.list': {
      readonly params: Record<string, never>;
      readonly result: { readonly plugins: readonly PluginStatus[] };
    };
  }
}
