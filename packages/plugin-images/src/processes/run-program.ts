// On node:child_process itself: the libraries over it pass on no open file beyond stderr, which the locks need.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { abortError, errors } from '../errors.ts';
import { childEnvironment, findProgram } from './environment.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** A lock's descriptor. Children inherit it as number 3, so that the lock is held until the last of them has ended. */
  readonly lockFd?: number;
  /** What failures call the program; its own name when absent. */
  readonly title?: string;
  /** Package to name when the program is missing. */
  readonly packageName?: string;
  /** How much more others count than it, with all of its threads: see nice(1). */
  readonly nicer?: number;
  readonly onLine?: (line: string) => void;
  /** Sent to the program when this process dies; KILL when absent. */
  readonly deathSignal?: 'KILL' | 'TERM';
  /** Exit codes that are no failure; `[0]` when absent. */
  readonly accept?: readonly number[];
}

export interface RunResult {
  readonly exitCode: number;
  /** Empty when lines were asked for. */
  readonly stdout: string;
  /** Its last part. */
  readonly stderr: string;
}

const GRACE_MS = 2_000;
const MAX_STDOUT = 16 * 2 ** 20;
const MAX_STDERR = 64 * 2 ** 10;

/**
 * Runs a program in a process group of its own, which a cancel ends as a whole and which dies with the daemon.
 * @throws NookError `unavailable` (not installed), `operation_failed` with the end of its output, or the signal's reason
 */
export async function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { signal } = options;
  if (signal.aborted) throw abortError(signal);
  const path = program.startsWith('/') ? program : findProgram(program);
  if (path === undefined) throw errors.missingProgram(program, options.packageName ?? program);
  const wrappers = [
    ...['setpriv', '--pdeathsig', options.deathSignal ?? 'KILL'],
    ...(options.nicer === undefined ? [] : ['nice', '-n', String(options.nicer)]),
  ];
  const [wrapper = '', ...rest] = [...wrappers, path, ...args];
  const child = spawn(wrapper, rest, {
    detached: true,
    env: childEnvironment(options.env),
    stdio: ['pipe', 'pipe', 'pipe', options.lockFd ?? 'ignore'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const stopKilling = killGroupOnAbort(child, signal);
  try {
    const { stdin, stdout, stderr } = child as ChildProcess & Record<'stdout' | 'stderr', Readable>;
    // A child that ends early has no use for the rest of its input; its exit code tells why.
    stdin?.on('error', () => {}).end(options.input);
    const output = options.onLine === undefined ? collect(stdout, MAX_STDOUT) : forward(stdout, options.onLine);
    const complaints = collect(stderr, MAX_STDERR);
    const [code] = (await once(child, 'close')) as [number | null];
    if (signal.aborted) throw abortError(signal);
    const result = { exitCode: code ?? 128, stdout: await output, stderr: await complaints };
    if ((options.accept ?? [0]).includes(result.exitCode)) return result;
    const ending = child.signalCode ?? `exit code ${result.exitCode}`;
    throw errors.programFailed(options.title ?? program, failureText(result.stderr || result.stdout) || ending);
  } finally {
    stopKilling();
  }
}

/** Ends the group politely on abort, then for good; also what is left of it when its leader has ended. */
function killGroupOnAbort({ pid }: ChildProcess, signal: AbortSignal): () => void {
  if (pid === undefined) return () => {};
  let timer: NodeJS.Timeout | undefined;
  const kill = (name: NodeJS.Signals) => {
    try {
      process.kill(-pid, name);
    } catch {}
  };
  const onAbort = () => {
    kill('SIGTERM');
    timer = setTimeout(() => kill('SIGKILL'), GRACE_MS);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    signal.removeEventListener('abort', onAbort);
    if (timer === undefined) return;
    clearTimeout(timer);
    kill('SIGKILL');
  };
}

/** The last `limit` characters of a stream. */
async function collect(stream: Readable, limit: number): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text = `${text}${chunk}`.slice(-limit);
  return text;
}

async function forward(stream: Readable, onLine: (line: string) => void): Promise<string> {
  for await (const line of createInterface({ input: stream })) onLine(line);
  return '';
}

function failureText(output: string): string {
  const lines = output.trim().split('\n');
  const marked = lines.filter((line) => /^(E:|error|fatal)/i.test(line));
  const telling = marked.length > 0 ? marked : lines.filter((line) => line.includes(': '));
  return (telling.length > 0 ? telling : lines).slice(-3).join('; ');
}
