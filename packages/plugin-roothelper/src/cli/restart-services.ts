import { type DoctorFinding, isNookError, NookError } from '@nook/daemonapi';
import { RpcClient, SYSTEM_DIRS, socketPath } from '@nook/wire';
import { startServices } from './services.ts';
import { systemctl } from './systemctl.ts';
import { DAEMON_UNIT, HELPER_UNIT } from './units.ts';

const DOCTOR_MS = 90_000;

/**
 * Has the services run what is installed now, and the doctor look at them.
 * @returns what is not in order
 * @throws NookError `operation_failed` when they do not start, or the daemon does not answer
 */
export async function restartServices(): Promise<DoctorFinding[]> {
  await startServices();
  // The socket stays: whoever connects meanwhile waits.
  await systemctl('restart', HELPER_UNIT, DAEMON_UNIT);
  const daemon = await RpcClient.connect(socketPath(SYSTEM_DIRS));
  try {
    const report = await daemon.call('daemon.doctor', {}, { timeoutMs: DOCTOR_MS });
    return (report as { readonly findings: DoctorFinding[] }).findings.filter(({ status }) => status !== 'ok');
  } catch (cause) {
    if (!isNookError(cause)) throw cause;
    throw new NookError('operation_failed', `The daemon does not answer: ${cause.message}`, {
      hint: 'journalctl -u nookd',
      cause,
    });
  } finally {
    daemon.close();
  }
}
