import { type CliCommand, NookError } from '@nook/daemonapi';
import { runningDaemon } from './running-daemon.ts';

/** Longer than the daemon's own deadline for stopping. */
const STOPPED_MS = 60_000;

export const daemonStop: CliCommand = {
  name: 'daemon stop',
  summary: 'Stop the daemon. Virtual machines run on',
  examples: ['nook daemon stop'],
  async run({ context }) {
    const daemon = await runningDaemon();
    if (!daemon) {
      if (context.json) context.out.json({ state: 'stopped', was_running: false });
      else context.out.line('nookd did not run');
      return;
    }
    const { opId, signal } = context;
    await daemon.call('shutdown', {}, { opId, signal, timeoutMs: STOPPED_MS });
    await closedWithin(daemon.closed, STOPPED_MS);
    if (context.json) context.out.json({ state: 'stopped', was_running: true });
    else context.out.line('nookd stopped');
  },
};

async function closedWithin(closed: Promise<void>, ms: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const hint = 'See what it waits for: nook daemon logs';
    reject(new NookError('timeout', `The daemon did not end within ${ms / 1000} s.`, { hint }));
  }, ms);
  try {
    await Promise.race([closed, promise]);
  } finally {
    clearTimeout(timer);
  }
}
