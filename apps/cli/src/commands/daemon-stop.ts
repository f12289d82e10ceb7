import { type CliCommand, NookError } from '@nook/daemonapi';
import { hasEnded } from './process-end.ts';
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
    const options = { opId, signal, timeoutMs: STOPPED_MS };
    const { pid } = (await daemon.call('ping', {}, options)) as { pid: number };
    await daemon.call('shutdown', {}, options);
    if (!(await hasEnded(pid, STOPPED_MS))) {
      const hint = 'See what it waits for: nook daemon logs';
      throw new NookError('timeout', `The daemon did not end within ${STOPPED_MS / 1000} s.`, { hint });
    }
    if (context.json) context.out.json({ state: 'stopped', was_running: true });
    else context.out.line('nookd stopped');
  },
};
