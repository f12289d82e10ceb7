import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('other-daemon-main.ts', import.meta.url));

interface OtherDaemon {
  readonly child: ChildProcess;
  /** Resolves when its progress is at the stage. */
  readonly began: Promise<void>;
  /** What it printed last: the result, or `{code, message, hint}`. */
  readonly ended: Promise<Record<string, unknown>>;
}

interface OtherCall {
  readonly home: string;
  readonly store: string;
  readonly method: string;
  readonly params: object;
  readonly config: object;
}

/** The command line of a daemon in a process of its own that serves one call. */
export function otherDaemonCommand({ home, store, method, params, config }: OtherCall): [string, ...string[]] {
  return [process.execPath, MAIN, home, store, method, JSON.stringify(params), JSON.stringify(config)];
}

export function otherDaemon(call: OtherCall, { stage = '', env = {} } = {}): OtherDaemon {
  const [file, ...args] = otherDaemonCommand(call);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const began = Promise.withResolvers<void>();
  let last = '{}';
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    if (line === stage) began.resolve();
    last = line;
  });
  const ended = once(child, 'close').then(() => (last.startsWith('{') ? JSON.parse(last) : {}));
  return { child, began: began.promise, ended };
}
