import type { HostEnd } from './host-spec.ts';
import type { QemuExit } from './qemu-process.ts';

export interface EndEvidence {
  readonly exit: QemuExit;
  /** A stop was in progress. */
  readonly asked: boolean;
  readonly failure: string | undefined;
  /** `reason` of QEMU's SHUTDOWN event. */
  readonly shutdownReason: string | undefined;
  readonly console: readonly string[];
  readonly everReady: boolean;
}

/** Says why a machine is gone, from what was seen of it. */
export function endOf(evidence: EndEvidence): Pick<HostEnd, 'state' | 'cause' | 'exit_code' | 'signal'> {
  const { exit, asked, failure, shutdownReason } = evidence;
  const facts = {
    ...(exit.code === null ? {} : { exit_code: exit.code }),
    ...(exit.signal === null ? {} : { signal: exit.signal }),
  };
  if (failure !== undefined) return { state: 'failed', cause: failure, ...facts };
  if (asked) return { state: 'stopped', cause: 'stopped as asked', ...facts };
  const panic = evidence.console.find((line) => line.includes('Kernel panic'));
  if (panic !== undefined) return { state: 'failed', cause: `the guest's kernel panicked: ${panic}`, ...facts };
  if (exit.code === 0 && shutdownReason?.startsWith('guest-')) {
    if (!evidence.everReady) return { state: 'failed', cause: 'the guest powered off before it was ready', ...facts };
    return {
      state: 'stopped',
      cause: shutdownReason === 'guest-reset' ? 'the guest rebooted' : 'the guest powered off',
      ...facts,
    };
  }
  return { state: 'failed', cause: qemuCause(exit), ...facts };
}

function qemuCause({ code, signal, stderr }: QemuExit): string {
  const words = stderr === '' ? '' : `: ${stderr.split('\n').at(-1)}`;
  if (signal !== null) return `QEMU was killed by ${signal}${words}`;
  if (code !== null) return `QEMU exited with code ${code}${words}`;
  return `QEMU could not be started${words}`;
}
