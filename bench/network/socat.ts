import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { portOf, sink } from './rate.ts';

interface Target {
  /** A process in the namespace where the address is reached. */
  readonly pid: number;
  readonly address: string;
  readonly port: number;
}

/** What one would write by hand: socat on a port of the host, and for each connection another one in the namespace. */
export async function socatInto({ pid, address, port }: Target): Promise<{ readonly port: number } & AsyncDisposable> {
  const free = await sink('127.0.0.1');
  const own = portOf(free);
  free.close();
  await once(free, 'close');
  const inside = `nsenter --net=/proc/${pid}/ns/net socat -b 65536 STDIO TCP\\:${address}\\:${port}`;
  const child = spawn(
    'socat',
    ['-d', '-d', '-b', '65536', `TCP-LISTEN:${own},bind=127.0.0.1,fork,reuseaddr`, `EXEC:${inside}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  for (let said = ''; !said.includes('listening on'); ) {
    said += String((await once(child.stderr, 'data', { signal: AbortSignal.timeout(5_000) }))[0]);
  }
  child.stderr.resume();
  return {
    port: own,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
