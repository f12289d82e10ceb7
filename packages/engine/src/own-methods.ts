import { NookError } from '@nook/daemonapi';
import { z } from 'zod';
import type { DaemonStatus, DoctorReport, Ping, PluginStatus, ReloadReport } from './contract.ts';
import type { OpenRpcDocument } from './openrpc/openrpc-document.ts';
import { type OwnRow, row } from './own-row.ts';

/** What the engine's own methods tell and do. */
export interface EngineFacts {
  ping(): Ping;
  status(): DaemonStatus;
  plugins(): readonly PluginStatus[];
  examine(signal: AbortSignal, fix: boolean, onTurn?: (check: string) => void): Promise<DoctorReport>;
  requestShutdown(): void;
  reload(): Promise<ReloadReport>;
  discover(): OpenRpcDocument;
  metrics(): string;
}

const nothing = z.strictObject({});
const state = z.enum(['ok', 'skipped', 'degraded', 'failed', 'blocked']);
const ping = {
  version: z.string(),
  commit: z.string(),
  build_time: z.string(),
  pid: z.number(),
  features: z.array(z.string()),
};
const brief = { name: z.string(), version: z.string(), state, reason: z.string().exactOptional() };
const plugin = z.object({
  ...brief,
  from: z.string(),
  start_ms: z.number(),
  provides: z.array(z.string()),
  needs: z.array(z.object({ capability: z.string(), required: z.boolean(), provider: z.string().exactOptional() })),
  contributions: z.record(z.string(), z.number()),
  methods: z.array(z.string()),
});
const finding = z.object({
  check: z.string(),
  status: z.enum(['ok', 'warning', 'error']),
  item: z.string(),
  evidence: z.string(),
  repair: z.string().exactOptional(),
  fix: z.string().exactOptional(),
  fixed: z.string().exactOptional(),
});

/** The engine's rows of the dispatch table. */
export function ownMethods(facts: EngineFacts): readonly OwnRow[] {
  return [
    row('ping', {
      summary: 'Answers with the version of the daemon.',
      access: 'read',
      params: nothing,
      result: z.object(ping),
      run: () => facts.ping(),
    }),
    row('shutdown', {
      summary: 'Stops the daemon; running VMs are not touched.',
      access: 'admin',
      params: nothing,
      result: z.object({ pid: z.number() }),
      run() {
        // Once the answer is on its way.
        setImmediate(() => facts.requestShutdown());
        return { pid: process.pid };
      },
    }),
    row('rpc.discover', {
      summary: 'Describes the methods of this daemon as an OpenRPC document.',
      access: 'read',
      params: nothing,
      result: z.record(z.string(), z.unknown()),
      run: () => facts.discover(),
    }),
    row('daemon.status', {
      summary: 'Tells how the daemon is doing and where it keeps things.',
      access: 'read',
      params: nothing,
      result: z.object({
        ...ping,
        state: z.enum(['ok', 'degraded']),
        started_at: z.number(),
        uptime_ms: z.number(),
        connections: z.number(),
        socket: z.string(),
        dirs: z.object({
          state: z.string(),
          cache: z.string(),
          run: z.string(),
          config: z.string(),
          images: z.string(),
        }),
        plugins: z.array(z.object(brief)),
      }),
      run: () => facts.status(),
    }),
    row('daemon.metrics', {
      summary: "Everything that is counted, in Prometheus' text format.",
      access: 'read',
      params: nothing,
      result: z.object({ content_type: z.string(), text: z.string() }),
      run: () => ({ content_type: 'text/plain; version=0.0.4; charset=utf-8', text: facts.metrics() }),
    }),
    row('daemon.doctor', {
      summary: 'Examines the host and the state of nook; changes nothing.',
      access: 'read',
      params: nothing,
      result: z.object({ status: z.enum(['ok', 'warning', 'error']), findings: z.array(finding) }),
      run: (_, { signal }) => facts.examine(signal, false),
    }),
    row('daemon.repair', {
      summary: 'Examines as `daemon.doctor` does, and repairs what can be repaired without losing anything.',
      access: 'admin',
      params: nothing,
      result: z.object({ status: z.enum(['ok', 'warning', 'error']), findings: z.array(finding) }),
      run: (_, call) => facts.examine(call.signal, true, (check) => call.progress({ stage: check })),
    }),
    row('plugin.list', {
      summary: 'Lists the plugins of the daemon, with what they serve.',
      access: 'read',
      params: nothing,
      result: z.object({
        plugins: z.array(plugin),
      }),
      run: () => ({ plugins: facts.plugins() }),
    }),
    row('plugin.show', {
      summary: 'Shows one plugin, with what it serves, needs and contributes.',
      access: 'read',
      params: z.strictObject({ name: z.string().max(256) }),
      result: plugin,
      run({ name }) {
        const found = facts.plugins().find((each) => each.name === name);
        if (found !== undefined) return found;
        throw new NookError('not_found', `There is no plugin named '${name}'.`, {
          hint: 'See what there is: nook plugin list',
        });
      },
    }),
    row('daemon.reload', {
      summary: 'Reads config.toml again and takes over what it can; nothing changes when any of it is wrong.',
      access: 'admin',
      params: nothing,
      result: z.object({ applied: z.array(z.string()), restart_needed: z.array(z.string()) }),
      run: () => facts.reload(),
    }),
  ];
}
