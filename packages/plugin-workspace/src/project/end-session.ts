import { isNookError } from '@nook/daemonapi';
import type { SessionsNeed } from './project-contract.ts';
import type { ServiceSession } from './service-records.ts';

/** A process that SIGKILL does not end by then is left to the guest. */
const KILLED_MS = 5_000;
/** A VM that takes no signal by then is stuck. */
const ANSWER_MS = 5_000;

interface Ending {
  readonly vm: string;
  readonly session: ServiceSession;
  readonly opId: string;
  /** By which it is asked first. */
  readonly signal: string;
  readonly graceMs: number;
}

/** Asks a session to end, and has it end after its grace period. @returns whether it has; one whose VM is gone has */
export async function endSession(vms: SessionsNeed, { vm, session, opId, ...ending }: Ending): Promise<boolean> {
  const steps = [
    [ending.signal, ending.graceMs],
    ['KILL', KILLED_MS],
  ] as const;
  for (const [signal, ms] of steps) {
    try {
      await vms.signalSession(vm, session, signal, { opId, signal: AbortSignal.timeout(ANSWER_MS) });
      await vms.sessionEnd(vm, session, { opId, signal: AbortSignal.timeout(Math.max(ms, 1)) });
      return true;
    } catch (error) {
      if (isNookError(error) && (error.code === 'not_running' || error.code === 'not_found')) return true;
    }
  }
  return false;
}
