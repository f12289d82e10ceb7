import type { Clock, Dirs, VersionInfo } from '@nook/daemonapi';
import { socketPath } from '@nook/wire';
import type { Connections } from './connections.ts';
import type { DaemonStatus, Ping, ReloadReport } from './contract.ts';
import { examine } from './doctor.ts';
import { metricsText } from './metrics/metrics-text.ts';
import { type OpenRpcDocument, openRpcDocument } from './openrpc/openrpc-document.ts';
import type { EngineFacts } from './own-methods.ts';
import { pluginReport } from './plugin-report.ts';
import type { PluginSet } from './plugin-set.ts';
import type { Services } from './services.ts';
import type { Wiring } from './wiring.ts';

const FEATURES = ['idempotency_keys', 'operations'] as const;

interface Parts {
  readonly clock: Clock;
  readonly version: VersionInfo;
  readonly dirs: Dirs;
  /** When the engine was made: wall clock, and monotonic. */
  readonly startedAt: number;
  readonly begun: number;
  readonly plugins: PluginSet;
  readonly wiring: Wiring;
  readonly connections: Connections;
  readonly services: Services;
  readonly reload: () => Promise<ReloadReport>;
  readonly requestShutdown: () => void;
}

/** What the engine's own methods tell, of everything that it is made of. */
export function engineFacts(parts: Parts): EngineFacts {
  const { plugins, wiring, version, reload, requestShutdown } = parts;
  // The table is complete before anybody can ask.
  let document: OpenRpcDocument | undefined;
  return {
    ping: () => ping(version),
    status: () => status(parts),
    plugins: () => pluginReport(plugins, wiring),
    metrics: () => metrics(parts),
    reload,
    discover() {
      document ??= openRpcDocument(wiring.dispatcher.rows(), version.version);
      return document;
    },
    examine: (signal, fix, onTurn) => examine(wiring.doctorChecks(), { signal, fix, ...(onTurn && { onTurn }) }),
    requestShutdown,
  };
}

function ping(version: VersionInfo): Ping {
  return { ...version, pid: process.pid, features: FEATURES };
}

function status({ version, plugins, clock, startedAt, begun, connections, dirs }: Parts): DaemonStatus {
  return {
    ...ping(version),
    state: plugins.lost.length === 0 ? 'ok' : 'degraded',
    started_at: startedAt,
    uptime_ms: Math.round(clock.monotonic() - begun),
    connections: connections.size,
    socket: socketPath(dirs),
    dirs,
    plugins: plugins.slots.map((slot) => slot.brief()),
  };
}

function metrics({ wiring, connections, plugins, version, startedAt, services }: Parts): string {
  const { bus, subscriptions, operations, operationMetrics, loopDelay } = services;
  return metricsText({
    calls: wiring.dispatcher.metrics(),
    operations: operationMetrics,
    operationsRunning: operations.running,
    connections: { open: connections.size, ...connections.totals },
    events: { published: bus.published, subscribers: subscriptions.size, ...subscriptions.totals },
    plugins: plugins.slots.map(({ name, state, startMs }) => ({ name, state, start_ms: startMs })),
    loopDelay,
    version: version.version,
    startedAt,
  });
}
