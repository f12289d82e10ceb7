import { isNookError } from '@nook/daemonapi';
import { type RpcClient, resolveDirs, socketPath } from '@nook/wire';

const CONNECT_MS = 2000;

/** A connection to the daemon that runs now; undefined when none does. Never starts one. */
export async function runningDaemon(): Promise<RpcClient | undefined> {
  const { RpcClient } = await import('@nook/wire');
  try {
    return await RpcClient.connect(socketPath(resolveDirs()), { timeoutMs: CONNECT_MS });
  } catch (error) {
    const errno = isNookError(error) ? error.details?.errno : undefined;
    if (errno === 'ENOENT' || errno === 'ECONNREFUSED') return undefined;
    throw error;
  }
}
