import type { MachineExit } from '@nook/daemonapi';
import type { HostEnd } from './host-spec.ts';

export interface EndEvidence {
  readonly exit: MachineExit;
  /** What people call the driver. */
  readonly driver: string;
  /** A stop was in progress. */
  readonly asked: boolean;
  /** The latest signal that somebody had it sent. */
  readonly signalled?: string | undefined;
  /** What was asked by nobody but a limit of its own. */
  readonly limit?: string | undefined;
  /** Why the kernel killed its process, where that was for want of memory. */
  readonly starved?: string | undefined;
  readonly failure: string | undefined;
  readonly console: readonly string[];
  readonly everReady: boolean;
}

/** Says why a machine is gone, from what was seen of it. */
export function endOf(evidence: EndEvidence): Pick<HostEnd, 'state' | 'cause' | 'ended_by' | 'exit_code' | 'signal'> {
  const { exit, asked, failure, driver } = evidence;
  const facts = {
    ...(exit.code === null ? {} : { exit_code: exit.code }),
    ...(exit.signal === null ? {} : { signal: exit.signal }),
  };
  if (failure !== undefined) return { state: 'failed', cause: failure, ...facts };
  if (asked && evidence.limit !== undefined)
    return { state: 'stopped', cause: evidence.limit, ended_by: 'limit', ...facts };
  if (asked) return { state: 'stopped', cause: 'stopped as asked', ended_by: 'asked', ...facts };
  const { signalled, starved } = evidence;
  if (starved !== undefined) return { state: 'failed', cause: `${driver} was killed: ${starved}`, ...facts };
  // QEMU ends in order by those that it handles, and by the others as any process.
  if (signalled !== undefined && (exit.signal === signalled || (exit.code === 0 && exit.guest === undefined))) {
    return { state: 'stopped', cause: `ended by ${signalled} as asked`, ended_by: 'signal', ...facts };
  }
  const panic = evidence.console.find((line) => line.includes('Kernel panic'));
  if (panic !== undefined) return { state: 'failed', cause: `the guest's kernel panicked: ${panic}`, ...facts };
  if (exit.guest === 'panic') return { state: 'failed', cause: "the guest's kernel panicked", ...facts };
  if (exit.code === 0 && exit.guest !== undefined) {
    if (!evidence.everReady) return { state: 'failed', cause: 'the guest powered off before it was ready', ...facts };
    return {
      state: 'stopped',
      cause: exit.guest === 'reboot' ? 'the guest rebooted' : 'the guest powered off',
      ...facts,
    };
  }
  return { state: 'failed', cause: processCause(exit, driver), ...facts };
}

function processCause({ code, signal, stderr }: MachineExit, driver: string): string {
  const words = stderr === '' ? '' : `: ${stderr.split('\n').at(-1)}`;
  if (signal !== null) return `${driver} was killed by ${signal}${words}`;
  if (code !== null) return `${driver} exited with code ${code}${words}`;
  return `${driver} could not be started${words}`;
}
