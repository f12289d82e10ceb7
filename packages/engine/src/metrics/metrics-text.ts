import type { MethodRow } from '../method-row.ts';
import type { CallMetrics } from './call-metrics.ts';
import { Exposition } from './exposition.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { OperationMetrics } from './operation-metrics.ts';

export interface MetricsSources {
  readonly calls: Iterable<readonly [MethodRow, CallMetrics]>;
  readonly operations: OperationMetrics;
  readonly operationsRunning: number;
  readonly connections: { readonly open: number; readonly accepted: number; readonly refused: number };
  readonly events: {
    readonly published: number;
    readonly subscribers: number;
    readonly delivered: number;
    readonly missed: number;
  };
  readonly plugins: Iterable<{ readonly name: string; readonly state: string; readonly start_ms: number }>;
  readonly loopDelay: LoopDelay;
  readonly version: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
}

/** Everything that is counted, as Prometheus reads it. */
export function metricsText(sources: MetricsSources): string {
  const out = new Exposition();
  calls(
    out,
    [...sources.calls].filter(([, { duration, inFlight }]) => duration.totals.count + inFlight > 0),
  );
  operations(out, sources);
  news(out, sources);
  plugins(out, [...sources.plugins]);
  daemonProcess(out, sources);
  return out.toString();
}

function calls(out: Exposition, rows: readonly (readonly [MethodRow, CallMetrics])[]): void {
  const labelled = <T>(pick: (metrics: CallMetrics) => T) =>
    rows.map(([{ name, plugin }, metrics]) => [{ method: name, plugin }, pick(metrics)] as const);
  out.histograms(
    { name: 'nook_call_duration_seconds', help: 'How long calls took, answered or refused.' },
    labelled(({ duration }) => duration),
  );
  out.values(
    { name: 'nook_calls_in_flight', type: 'gauge', help: 'Calls that are not answered yet.' },
    labelled(({ inFlight }) => inFlight),
  );
  out.values(
    { name: 'nook_call_errors_total', type: 'counter', help: 'Calls that were answered with an error.' },
    rows.flatMap(([{ name, plugin }, { errors }]) =>
      [...errors].map(([code, count]) => [{ method: name, plugin, code }, count] as const),
    ),
  );
}

function operations(out: Exposition, { operations: { kinds }, operationsRunning }: MetricsSources): void {
  out.value({ name: 'nook_operations_running', type: 'gauge', help: 'Operations that run.' }, operationsRunning);
  out.values(
    { name: 'nook_operations_total', type: 'counter', help: 'Operations that have ended.' },
    [...kinds].flatMap(([method, { ended }]) =>
      [...ended].map(([state, count]) => [{ method, state }, count] as const),
    ),
  );
  out.histograms(
    { name: 'nook_operation_duration_seconds', help: 'How long operations took.' },
    [...kinds].map(([method, { duration }]) => [{ method }, duration] as const),
  );
}

function news(out: Exposition, { connections, events }: MetricsSources): void {
  const gauge = (name: string, help: string, value: number) => out.value({ name, type: 'gauge', help }, value);
  const counter = (name: string, help: string, value: number) => out.value({ name, type: 'counter', help }, value);
  gauge('nook_connections', 'Open connections.', connections.open);
  counter('nook_connections_total', 'Connections that were accepted.', connections.accepted);
  counter('nook_connections_refused_total', 'Connections of users who may not call.', connections.refused);
  counter('nook_events_published_total', 'Events that plugins and the engine published.', events.published);
  gauge('nook_event_subscribers', 'Clients that follow events.', events.subscribers);
  counter('nook_events_delivered_total', 'Events that were sent to subscribers.', events.delivered);
  counter('nook_events_missed_total', 'Events that subscribers were too slow for.', events.missed);
}

function plugins(
  out: Exposition,
  all: readonly { readonly name: string; readonly state: string; readonly start_ms: number }[],
): void {
  out.values(
    { name: 'nook_plugin_state', type: 'gauge', help: '1 for the state that a plugin is in.' },
    all.map(({ name, state }) => [{ plugin: name, state }, 1] as const),
  );
  out.values(
    { name: 'nook_plugin_start_seconds', type: 'gauge', help: 'How long setup and start of a plugin took.' },
    all.map(({ name, start_ms }) => [{ plugin: name }, start_ms / 1000] as const),
  );
}

function daemonProcess(out: Exposition, { loopDelay, version, startedAt }: MetricsSources): void {
  const memory = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const delay = loopDelay.read();
  out.values({ name: 'nook_build_info', type: 'gauge', help: 'Always 1; its labels say what runs.' }, [
    [{ version, node: process.versions.node }, 1],
  ]);
  out.values(
    { name: 'nook_event_loop_delay_seconds', type: 'gauge', help: 'How late the event loop is, since first asked.' },
    Object.entries(delay).map(([quantile, value]) => [{ quantile }, value] as const),
  );
  out.values(
    { name: 'nook_memory_bytes', type: 'gauge', help: 'Memory of the daemon.' },
    (['rss', 'heapTotal', 'heapUsed', 'external', 'arrayBuffers'] as const).map(
      (kind) => [{ kind }, memory[kind]] as const,
    ),
  );
  out.values({ name: 'process_cpu_seconds_total', type: 'counter', help: 'Processor time of the daemon.' }, [
    [{}, (user + system) / 1e6],
  ]);
  out.values({ name: 'process_start_time_seconds', type: 'gauge', help: 'When the daemon started.' }, [
    [{}, startedAt / 1000],
  ]);
}
