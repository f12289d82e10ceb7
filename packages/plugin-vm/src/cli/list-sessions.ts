import type { CliContext } from '@nook/daemonapi';
import type { SessionView } from '../contract.ts';
import { formatAmount } from '../format-amount.ts';
import { ago } from './ago.ts';
import { printable } from './printable.ts';

/** Prints the sessions of a VM: those that run, and those whose end nobody was told yet. */
export async function listSessions(context: CliContext, name: string): Promise<number> {
  const sessions = await context.call('vm.exec.list', { name });
  if (context.json) context.out.json(sessions.map((session) => ({ name: session.session, ...session })));
  else context.out.table(['SESSION', 'STATE', 'STARTED', 'OUTPUT', 'COMMAND'], sessions.map(row));
  return 0;
}

function row(session: SessionView): string[] {
  const state = session.state === 'exited' ? `exited ${session.exit_code}` : session.attached ? 'attached' : 'running';
  return [
    session.session,
    state,
    ago(Date.now() - session.started_at),
    session.output_bytes === undefined ? '' : formatAmount(session.output_bytes),
    session.argv.map((word) => printable(word)).join(' '),
  ];
}
