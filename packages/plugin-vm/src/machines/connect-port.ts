import { NookError, type VmPort } from '@nook/daemonapi';
import type { SessionHandle } from '../contract.ts';
import type { Caller } from './dependencies.ts';
import type { Machine } from './machine.ts';

interface Asked {
  readonly port: number;
  /** To what listens there, whatever is contributed. */
  readonly direct?: boolean | undefined;
}

/**
 * Connects to a TCP port of a guest: to the command of whoever contributed the port, else to what listens there.
 * @throws NookError `not_running`, `conflict` when two contribute the port, and what the contributor throws
 */
export async function connectPort(
  machine: Machine,
  { port, direct }: Asked,
  { call, answered }: { readonly call: Caller; readonly answered: readonly VmPort[] },
): Promise<SessionHandle> {
  const [owner, rival] = direct === true ? [] : answered.filter((contribution) => contribution.port === port);
  if (rival) throw new NookError('conflict', `Two plugins answer port ${port} of every VM.`);
  if (!owner) return machine.guest.connect(call, { port });
  machine.guest.requireRunning();
  const { id, name } = machine.record;
  const command = await owner.command({ id, name }, call.signal);
  return machine.guest.connect(call, { port, command });
}
