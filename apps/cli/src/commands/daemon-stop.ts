import { type CliCommand, type CliContext, isNookError, NookError } from '@nook/daemonapi';
import type { RpcClient } from '@nook/wire';
import { hasEnded } from './process-end.ts';
import { runningDaemon } from './running-daemon.ts';

/** Longer than the daemon's own deadline for stopping. */
const STOPPED_MS = 60_000;
/** One whose event loop turns answers at once. */
const ANSWER_MS = 10_000;

export const daemonStop: CliCommand = {
  name: 'daemon stop',
  summary: 'Stop the daemon. Virtual machines run on',
  options: {
    force: { help: 'also when it does not answer: it is told by a signal, and killed when that does not do' },
  },
  examples: ['nook daemon stop', 'nook daemon stop --force'],
  async run({ options: { force }, context }) {
    if (force === true) return byForce(context);
    const daemon = await runningDaemon();
    if (!daemon) {
      if (context.json) context.out.json({ state: 'stopped', was_running: false });
      else context.out.line('nookd did not run');
      return;
    }
    const { opId, signal } = context;
    const options = { opId, signal, timeoutMs: STOPPED_MS };
    const pid = await pidOf(daemon, options);
    await daemon.call('shutdown', {}, options);
    if (!(await hasEnded(pid, STOPPED_MS))) {
      const hint = 'See what it waits for: nook daemon logs';
      throw new NookError('timeout', `The daemon did not end within ${STOPPED_MS / 1000} s.`, { hint });
    }
    if (context.json) context.out.json({ state: 'stopped', was_running: true });
    else context.out.line('nookd stopped');
  },
};

async function byForce(context: CliContext): Promise<void> {
  const { stopByForce } = await import('./stop-by-force.ts');
  const { resolveDirs } = await import('@nook/wire');
  const ended = await stopByForce(resolveDirs().run);
  if (context.json)
    context.out.json({ state: 'stopped', was_running: ended !== undefined, killed: ended === 'killed' });
  else if (ended === undefined) context.out.line('nookd did not run');
  else context.out.line(ended === 'killed' ? 'nookd did not answer, and was killed' : 'nookd stopped');
}

/** @throws NookError `timeout` when it does not answer */
async function pidOf(daemon: RpcClient, options: { opId: string; signal: AbortSignal }): Promise<number> {
  try {
    const { pid } = (await daemon.call('ping', {}, { ...options, timeoutMs: ANSWER_MS })) as { pid: number };
    return pid;
  } catch (error) {
    if (!isNookError(error) || error.code !== 'timeout') throw error;
    throw new NookError('timeout', `The daemon did not answer within ${ANSWER_MS / 1000} s.`, {
      hint: 'End it all the same: nook daemon stop --force. Virtual machines run on.',
    });
  }
}
