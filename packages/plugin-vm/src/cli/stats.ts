import { setTimeout as delay } from 'node:timers/promises';
import type { CliCommand, CliContext } from '@nook/daemonapi';
import type { VmStats } from '../contract.ts';
import { USAGE_COLUMNS, usageBetween, usageRow } from './usage.ts';

/** Times are told apart by hundredths of a second: two samples this far give per cents. */
const SAMPLE_MS = 500;
const WATCH_MS = 1_000;
const CLEAR = '\x1b[H\x1b[J';

export const stats: CliCommand = {
  name: 'vm stats',
  summary: 'Show what VMs use: CPU, memory, network, disk, in the guest and on the host',
  positionals: [{ name: 'VM', rest: true, help: 'names of VMs (default: all that run)' }],
  options: { watch: { short: 'w', help: 'go on, once a second' } },
  examples: ['nook vm stats', 'nook vm stats --watch web', 'nook vm stats --json'],
  async run({ positionals, options, context }) {
    const names = positionals.VM as readonly string[] | undefined;
    const sample = () => context.call('vm.stats', names === undefined || names.length === 0 ? {} : { names });
    let before = await sample();
    await pause(context, SAMPLE_MS);
    do {
      const after = await sample();
      show(context, { before, after, watch: options.watch === true });
      before = after;
      if (options.watch === true) await pause(context, WATCH_MS);
    } while (options.watch === true && !context.signal.aborted);
  },
};

async function pause({ signal }: CliContext, ms: number): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}

function show(
  context: CliContext,
  { before, after, watch }: { before: readonly VmStats[]; after: readonly VmStats[]; watch: boolean },
): void {
  const { out, stdout, json } = context;
  const earlier = new Map(before.map((stats) => [stats.name, stats]));
  const rows = after.map((stats) => ({ stats, usage: usageBetween(earlier.get(stats.name), stats) }));
  const values = rows.map(({ stats, usage }) => ({ ...stats, ...usage }));
  if (json && watch) out.line(JSON.stringify(values));
  else if (json) out.json(values);
  else {
    if (watch && stdout.isTTY) stdout.write(CLEAR);
    out.table(
      USAGE_COLUMNS,
      rows.map(({ stats, usage }) => usageRow(stats, usage)),
    );
  }
}
