import type { CliCommand, RpcMethods } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';
import { columns } from '../program/columns.ts';
import { FAILURE, OK } from '../program/exit-codes.ts';
import { elapsed } from '../program/format-progress.ts';
import { runningDaemon } from './running-daemon.ts';

const TIMEOUT_MS = 10_000;

export const daemonStatus: CliCommand = {
  name: 'daemon status',
  summary: 'Show the daemon that runs, without starting one; exit code 1 when none does',
  examples: ['nook daemon status', 'nook daemon status --json'],
  async run({ context }) {
    const daemon = await runningDaemon();
    if (!daemon) {
      if (context.json) context.out.json({ state: 'stopped' });
      else context.out.line('stopped');
      return FAILURE;
    }
    try {
      const { opId, signal } = context;
      const answer = await daemon.call('daemon.status', {}, { opId, signal, timeoutMs: TIMEOUT_MS });
      const status = answer as RpcMethods['daemon.status']['result'];
      if (context.json) context.out.json(status);
      else for (const row of columns(describe(status), 2)) context.out.line(row);
      return OK;
    } finally {
      daemon.close();
    }
  },
};

function describe(status: RpcMethods['daemon.status']['result']): string[][] {
  const { state, pid, version, commit, uptime_ms, connections, socket, dirs, plugins } = status;
  return [
    ['state', state],
    ['process', String(pid)],
    ['version', `${version} (commit ${commit})`],
    ['running for', elapsed(uptime_ms)],
    ['connections', String(connections)],
    ['socket', socket],
    ...Object.entries(dirs).map(([name, path]) => [`${name} in`, path]),
    ...plugins.map(({ name, state: is, reason }) => [`plugin ${name}`, reason === undefined ? is : `${is}: ${reason}`]),
  ];
}
