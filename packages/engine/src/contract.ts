import type { Dirs, DoctorFinding, VersionInfo } from '@nook/daemonapi';
import type {} from './events/contract.ts';
import type {} from './openrpc/contract.ts';
import type {} from './operations/contract.ts';

export type Ping = VersionInfo & {
  readonly pid: number;
  /** What this daemon can do that earlier ones could not, for clients that rely on it. */
  readonly features: readonly string[];
};

/** `degraded`: it does not serve, for the reason given; everything else runs. */
export type PluginState = 'ok' | 'degraded';

export interface PluginStatus {
  readonly name: string;
  readonly version: string;
  readonly state: PluginState;
  readonly reason?: string;
  /** Where its definition was loaded from. */
  readonly from: string;
  readonly methods: readonly string[];
  readonly capabilities: readonly string[];
}

export interface DaemonStatus extends Ping {
  readonly state: PluginState;
  /** Milliseconds since the Unix epoch. */
  readonly started_at: number;
  readonly uptime_ms: number;
  readonly connections: number;
  readonly socket: string;
  readonly dirs: Dirs;
  readonly plugins: readonly Pick<PluginStatus, 'name' | 'version' | 'state' | 'reason'>[];
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
    'plugin.list': {
      readonly params: Record<string, never>;
      readonly result: { readonly plugins: readonly PluginStatus[] };
    };
  }
}
