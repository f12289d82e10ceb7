import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { nextOutput } from './next-output.ts';

const LISTEN_MS = 20_000;

interface Target {
  /** A process in the namespace where the address is reached. */
  readonly pid: number;
  readonly address: string;
  readonly port: number;
}

/** What one would write by hand: socat on a port of the host, and for each connection another one in the namespace. */
export async function socatInto({ pid, address, port }: Target): Promise<{ readonly port: number } & AsyncDisposable> {
  const inside = `nsenter --net=/proc/${pid}/ns/net socat -b 65536 STDIO TCP\\:${address}\\:${port}`;
  const child = spawn(
    'socat',
    ['-d', '-d', '-b', '65536', 'TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr', `EXEC:${inside}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const own = await listeningPort(child.stderr);
  return {
    port: own,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** The port that a socat told to say much (`-d -d`) has got. */
export async function listeningPort(stderr: NodeJS.ReadableStream): Promise<number> {
  for (let text = ''; ; ) {
    text += await nextOutput(stderr, { timeoutMs: LISTEN_MS, what: 'the port of socat' });
    const [, port] = /listening on AF=2 [\d.]+:(\d+)/.exec(text) ?? [];
    if (port === undefined) continue;
    stderr.resume();
    return Number(port);
  }
}
