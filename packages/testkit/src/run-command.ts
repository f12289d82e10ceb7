import { PassThrough } from 'node:stream';
import { type CliCommand, type CliContext, NookError, type OptionValues } from '@nook/daemonapi';
import type { TestDaemon } from './test-daemon.ts';

export interface CommandLine {
  readonly positionals?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly options?: OptionValues;
  readonly trailing?: readonly string[];
  /** As `--json`. */
  readonly json?: boolean;
  /** What the command finds on stdin. */
  readonly stdin?: string;
}

export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command of a plugin against a test daemon, as `nook` would after it has parsed the command line.
 * @throws what the command throws: `nook` shows it and exits with 1
 */
export async function runCommand(
  daemon: Pick<TestDaemon, 'client'>,
  command: CliCommand,
  { positionals = {}, options = {}, trailing = [], json = false, stdin = '' }: CommandLine = {},
): Promise<CommandOutcome> {
  const out = new Output();
  const err = new Output();
  const input = new PassThrough();
  input.end(stdin);
  const signal = new AbortController().signal;
  const context: CliContext = {
    json,
    signal,
    opId: 'op-testkit',
    stdin: input as unknown as NodeJS.ReadStream,
    stdout: out.stream as unknown as NodeJS.WriteStream,
    stderr: err.stream as unknown as NodeJS.WriteStream,
    out: {
      line: (text) => out.line(text),
      json: (value) => out.line(JSON.stringify(value, null, 2)),
      table: (header, rows) => {
        for (const row of [header, ...rows]) out.line(row.join('  '));
      },
      note: (text) => err.line(text),
    },
    onSignal: () => ({ [Symbol.dispose]() {} }),
    progress: () => ({ update() {}, [Symbol.dispose]() {} }),
    call: (method, params, callOptions) => daemon.client.call(method, params, { signal, ...callOptions }),
    list: (method, params) => daemon.client.list(method, params, { signal }),
    stream: (method, params) => daemon.client.stream(method, params),
    run: (words) =>
      Promise.reject(new NookError('bad_params', `There is no command 'nook ${words.join(' ')}' in a test.`)),
  };
  const code = await command.run({ positionals, options, trailing, context });
  return { code: code ?? 0, stdout: out.text, stderr: err.text };
}

/** Keeps what is written to it. */
class Output {
  readonly stream = new PassThrough();
  text = '';

  constructor() {
    this.stream.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
    });
  }

  line(text: string): void {
    this.text += `${text}\n`;
  }
}
