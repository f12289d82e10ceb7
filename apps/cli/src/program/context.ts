import type { CliContext, CliOutput } from '@nook/daemonapi';
import { defaultDaemonCommand } from './default-daemon-command.ts';
import type { ProgressLine } from './progress-line.ts';
import type { Signals } from './signals.ts';

type Client = Awaited<ReturnType<typeof import('@nook/client').createClient>>;

interface ContextParts {
  readonly opId: string;
  readonly json: boolean;
  readonly out: CliOutput;
  readonly progressLine: ProgressLine;
  readonly signals: Signals;
}

/** A context whose connection to the daemon is made by the first call. */
export class CommandContext implements CliContext {
  readonly stdin = process.stdin;
  readonly stdout = process.stdout;
  readonly stderr = process.stderr;
  readonly out: CliOutput;
  readonly json: boolean;
  readonly opId: string;
  readonly signal: AbortSignal;
  readonly #progressLine: ProgressLine;
  readonly #signals: Signals;
  #client: Promise<Client> | undefined;

  constructor({ opId, json, out, progressLine, signals }: ContextParts) {
    this.opId = opId;
    this.json = json;
    this.out = out;
    this.signal = signals.signal;
    this.#progressLine = progressLine;
    this.#signals = signals;
  }

  /** Whether the daemon was called, so that its log knows the op id. */
  get called(): boolean {
    return this.#client !== undefined;
  }

  onSignal: CliContext['onSignal'] = (handler) => this.#signals.take(handler);

  progress: CliContext['progress'] = () => ({
    update: (progress) => this.#progressLine.update(progress),
    [Symbol.dispose]: () => this.#progressLine.end(),
  });

  call: CliContext['call'] = async (method, params, options = {}) => {
    const signal = options.signal ? AbortSignal.any([this.signal, options.signal]) : this.signal;
    return (await this.#connect()).call(method, params, { ...options, signal });
  };

  list: CliContext['list'] = async (method, params) =>
    (await this.#connect()).list(method, params, { signal: this.signal });

  stream: CliContext['stream'] = async (method, params) => (await this.#connect()).stream(method, params);

  run: CliContext['run'] = async (words, streams) => {
    const { runWithin } = await import('./run-within.ts');
    return runWithin(this, words, { streams, progressLine: this.#progressLine });
  };

  async close(): Promise<void> {
    await (await this.#client)?.close();
  }

  #connect(): Promise<Client> {
    this.#client ??= import('@nook/client').then(({ createClient }) =>
      createClient({ env: process.env, defaultDaemonCommand: defaultDaemonCommand(), opId: this.opId }),
    );
    return this.#client;
  }
}
