import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface DaemonProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it said on its ready descriptor. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  ready(): Promise<any>;
  /** Exit code or signal. */
  exit(): Promise<number | string | null>;
  output(): string;
}

/** Runs the file of a `file:` URL as a daemon, killed with the test. */
export function daemonProcess(url: string, env: NodeJS.ProcessEnv): DaemonProcess {
  const child = spawn(process.execPath, [fileURLToPath(url)], {
    env: { ...process.env, ...env, NOOK_READY_FD: '3' },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  for (const pipe of [child.stdout, child.stderr]) pipe?.on('data', (text) => (output += text));
  const said = (async () => {
    let text = '';
    for await (const chunk of child.stdio[3] as Readable) text += chunk;
    return JSON.parse(text);
  })();
  // Killed before it said anything: only who asks is told.
  said.catch(() => {});
  return {
    child,
    ready: () => said,
    output: () => output,
    exit: async () => {
      const [code, signal] = await exited;
      return code ?? signal;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
