import { NookError } from '@nook/daemonapi';
import { exitCode, type SessionEnd } from '../attach-protocol.ts';
import type { SessionEnded, VmsCapability } from '../contract.ts';
import { LONGEST_TIMER_MS } from '../longest-timer.ts';
import { signalNumber } from '../signal-number.ts';
import type { Machine } from './machine.ts';
import type { Machines } from './machines.ts';

/** What other plugins may do with commands in VMs. */
export function sessionCalls(machines: Machines): Pick<VmsCapability, 'startSession' | 'sessionEnd' | 'signalSession'> {
  const byId = (id: string): Machine => {
    const machine = machines.all().find(({ record }) => record.id === id);
    if (machine) return machine;
    throw new NookError('not_found', `There is no VM with the id '${id}'.`);
  };
  return {
    startSession: async (id, command, caller) => {
      const { session, token } = await byId(id).guest.exec(asking(caller), { ...command, stdin: false, detach: true });
      return { session, token };
    },
    sessionEnd: async (id, { session, token }, caller) => {
      const options = { params: { session, token }, timeoutMs: LONGEST_TIMER_MS };
      return ended(await byId(id).guest.ask(asking(caller), 'exec.wait', options));
    },
    signalSession: async (id, { session, token }, signal, caller) => {
      const params = { session, token, signal: signalNumber(signal) };
      await byId(id).guest.ask(asking(caller), 'exec.signal', { params });
    },
  };
}

function ended({ end, ended_at }: { readonly end: SessionEnd; readonly ended_at: number }): SessionEnded {
  return { ended_at, ...('lost' in end ? {} : { exit_code: exitCode(end) }) };
}

function asking({ opId, signal }: { readonly opId: string; readonly signal: AbortSignal }) {
  return { opId, signal, progress: () => {} };
}
