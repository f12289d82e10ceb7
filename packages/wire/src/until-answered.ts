import { watch } from 'node:fs';
import type { Dirs } from '@nook/daemonapi';
import { socketPath } from './dirs.ts';
import { RpcClient } from './rpc-client.ts';

const PING_MS = 5000;

/**
 * Waits until a daemon answers on the socket of a run directory: asks now, and again whenever something changes beside
 * it. Settles only with an answer; the signal ends the watching.
 * @returns the daemon's pid
 */
export function untilAnswered(dirs: Pick<Dirs, 'run'>, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    const ask = () => {
      ping(socketPath(dirs)).then(resolve, () => {});
    };
    watch(dirs.run, { signal, persistent: false }, ask).on('error', () => {});
    ask();
  });
}

async function ping(path: string): Promise<number> {
  const client = await RpcClient.connect(path, { timeoutMs: PING_MS });
  try {
    return ((await client.call('ping', {}, { timeoutMs: PING_MS })) as { readonly pid: number }).pid;
  } finally {
    client.close();
  }
}
