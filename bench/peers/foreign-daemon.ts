import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_MS = 20_000;
const STOP_MS = 5_000;
const BETWEEN_ATTEMPTS_MS = 20;

interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Of the socket that it will listen on. */
  readonly socket: string;
}

/** A daemon that is not nook's, on a socket of its own, for as long as this object lives. */
export class ForeignDaemon implements AsyncDisposable {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(process: ChildProcess, exited: Promise<unknown>) {
    this.#process = process;
    this.#exited = exited;
    this.pid = process.pid as number;
  }

  /** @throws Error with what it wrote, when it ends or does not listen in time */
  static async start({ program, args, env, socket }: Start): Promise<ForeignDaemon> {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
    const exited = once(child, 'exit');
    await once(child, 'spawn');
    const daemon = new ForeignDaemon(child, exited);
    // These daemons tell nobody but systemd that they are ready, so they are asked.
    for (const began = performance.now(); !(await listens(socket)); await delay(BETWEEN_ATTEMPTS_MS)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${program} ended: ${said}`);
      if (performance.now() - began < START_MS) continue;
      await daemon[Symbol.asyncDispose]();
      throw new Error(`${program} did not listen within ${START_MS / 1000} s: ${said}`);
    }
    return daemon;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    this.#process.kill('SIGTERM');
    await this.#exited;
    clearTimeout(timer);
  }
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
